import smtplib
from email.message import EmailMessage

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


class Mailer:
    def __init__(self, host="localhost", port=587):
        self.host, self.port = host, port

    def deliver(self, message: EmailMessage):
        with smtplib.SMTP(self.host, self.port) as server:
            server.starttls()
            server.send_message(message)


mailer = Mailer()


async def send_welcome(address: str):
    message = EmailMessage()
    message["To"] = address
    mailer.deliver(message)  # expect: smtplib.SMTP


@app.post("/users")
async def create(body: dict, background: BackgroundTasks):
    background.add_task(send_welcome, body["email"])
    return {"ok": True}
