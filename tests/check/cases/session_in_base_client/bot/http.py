import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


class BaseClient:
    def __init__(self, url: str, token: str):
        self.url = url
        self.session = requests.Session()
        self.session.mount("https://", HTTPAdapter(max_retries=Retry(total=3)))
        self.session.headers.update({"Authorization": f"Bearer {token}"})

    def _request(self, method, path, **kwargs):
        response = self.session.request(method, self.url + path, timeout=10, **kwargs)
        response.raise_for_status()
        return response.json()


class IssueClient(BaseClient):
    def search(self, text: str):
        return self._request("GET", "/search", params={"q": text})

    def comment(self, issue, body):
        return self._request("POST", f"/issue/{issue}/comment", json={"body": body})
