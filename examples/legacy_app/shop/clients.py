"""Other people's servers: payments and exchange rates."""

from __future__ import annotations

import time
from decimal import Decimal

import requests

from shop.models import PaymentRefused
from shop.settings import Settings


class Payments:
    """Charges a customer, and asks again when the server is busy."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.payments_url
        self.attempts = settings.attempts
        self.pause_s = settings.pause_s

    def charge(self, customer: str, amount: Decimal) -> str:
        body = {"customer": customer, "amount": str(amount)}
        for attempt in range(self.attempts):
            response = requests.post(self.url, json=body, timeout=5)
            if response.status_code == 503:  # busy: wait a little longer each time
                time.sleep(self.pause_s * 2**attempt)
                continue
            if response.status_code == 402:
                raise PaymentRefused(f"{customer}: the payment was refused")
            response.raise_for_status()
            return response.json()["id"]
        raise PaymentRefused("the payment service is busy")


class Rates:
    """Exchange rates of today."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.rates_url

    def rate(self, currency: str) -> Decimal:
        response = requests.get(self.url, params={"currency": currency}, timeout=5)
        response.raise_for_status()
        return Decimal(response.json()["rate"])

    def convert(self, amount: Decimal, currency: str) -> Decimal:
        if currency == "EUR":
            return amount
        return round(amount * self.rate(currency), 2)
