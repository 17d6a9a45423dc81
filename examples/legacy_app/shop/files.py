"""Receipts and imports, on disk."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from shop.models import Order, Product


class Receipts:
    """One text file an order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, number: int) -> Path:
        return self.folder / f"receipt-{number}.txt"

    def write(self, order: Order, number: int) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(number)
        path.write_text(_text(order, number), encoding="utf-8")
        return path

    def read(self, number: int) -> str:
        return self.path(number).read_text(encoding="utf-8")

    def log(self, line: str) -> None:
        with open(self.folder / "log.txt", "a", encoding="utf-8") as file:
            file.write(line + "\n")


def _text(order: Order, number: int) -> str:
    lines = [f"Order {number} for {order.customer}"]
    lines += [f"{line.quantity} x {line.sku} at {line.price}" for line in order.lines]
    lines.append(f"Total {order.total}")
    return "\n".join(lines)


def read_products(path: Path) -> list[Product]:
    """Read a CSV of sku, title, price, stock."""
    with open(path, newline="", encoding="utf-8") as file:
        return [
            Product(row["sku"], row["title"], Decimal(row["price"]), int(row["stock"]))
            for row in csv.DictReader(file)
        ]
