from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build


class Calendar:
    def __init__(self, token):
        self.creds = Credentials.from_authorized_user_info(token)
        self.service = build("calendar", "v3", credentials=self.creds)

    async def upcoming(self, limit=10):
        answer = (
            self.service.events()
            .list(calendarId="primary", maxResults=limit, singleEvents=True)
            .execute()  # expect: googleapiclient.discovery.build().events().list().execute
        )
        return answer.get("items", [])
