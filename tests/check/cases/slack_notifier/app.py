from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from twilio.rest import Client as Twilio


class Notifier:
    def __init__(self, token, sid, secret):
        self._slack = WebClient(token=token)
        self._twilio = Twilio(sid, secret)
        self.channels = {"slack": self._to_slack, "sms": self._to_phone}

    def _to_slack(self, text):
        try:
            self._slack.chat_postMessage(channel="#alerts", text=text)
        except SlackApiError:
            return False
        return True

    def _to_phone(self, text):
        self._twilio.messages.create(to="+1", from_="+2", body=text)
        return True

    async def notify(self, channel, text):
        send = self.channels[channel]
        return send(text)  # expect: slack_sdk.WebClient.chat_postMessage
