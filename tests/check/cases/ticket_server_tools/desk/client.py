from zenpy import Zenpy


class DeskClient:
    def __init__(self, subdomain: str, email: str, token: str):
        self.client = Zenpy(subdomain=subdomain, email=email, token=token)

    def get_ticket(self, ticket_id: int) -> dict:
        try:
            ticket = self.client.tickets(id=ticket_id)
            return {"id": ticket.id, "subject": ticket.subject}
        except Exception as e:
            raise RuntimeError(f"cannot get ticket {ticket_id}") from e
