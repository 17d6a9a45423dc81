"""The nouns of the shop."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Product:
    """Something that can be bought."""

    sku: str
    title: str
    price: Decimal
    stock: int = 0

    @property
    def is_available(self) -> bool:
        return self.stock > 0


@dataclass(frozen=True)
class Line:
    """One line of an order."""

    sku: str
    quantity: int
    price: Decimal

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity


@dataclass
class Order:
    """What a customer ordered."""

    customer: str
    lines: list[Line] = field(default_factory=list)
    id: int | None = None
    status: str = "new"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    def add(self, product: Product, quantity: int) -> None:
        if quantity < 1:
            raise ValueError(f"quantity must be at least 1, not {quantity}")
        self.lines.append(Line(product.sku, quantity, product.price))


class ShopError(Exception):
    """Something a customer should be told."""


class OutOfStock(ShopError):
    """There is not enough of a product."""


class PaymentRefused(ShopError):
    """The payment service said no."""
