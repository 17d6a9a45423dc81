"""Programs, pages and sessions."""

import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path != "/missing"
        body = f"{self.path} {self.headers.get('X-Who', '-')}".encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Client:
    def __init__(self, base):
        self.base = base
        self.session = requests.Session()
        self.session.headers.update({"X-Who": "client"})

    def page(self, path):
        response = self.session.get(self.base + path, timeout=5)
        response.raise_for_status()
        return response.text

    def close(self):
        self.session.close()


def one(base):
    with requests.Session() as session:
        return session.get(base + "/one", allow_redirects=False).status_code


def missing(client):
    try:
        return client.page("/missing")
    except requests.exceptions.HTTPError as error:
        return error.response.status_code
    except requests.RequestException:
        return None


def python(code, **options):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def fails():
    try:
        subprocess.check_output([sys.executable, "-c", "raise SystemExit(3)"])
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def fed():
    command = [sys.executable, "-c", "print(input()[::-1])"]
    return subprocess.check_output(command, input="abc", text=True).strip()


def slow():
    try:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(30)"], timeout=0.2)
    except subprocess.TimeoutExpired:
        return "late"


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    client = Client(base)
    print(client.page("/a"), one(base), missing(client))
    client.close()
    time.sleep(0.01)
    print(python("print(6 * 7)"), fails(), fed(), slow())
    server.shutdown()


if __name__ == "__main__":
    main()
