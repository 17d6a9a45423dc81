"""Products and rates for some minutes, in Redis."""

from __future__ import annotations

import json
from decimal import Decimal

import redis

from shop.models import Product


class ProductCache:
    """Keeps products as JSON."""

    def __init__(self, url: str, ttl_s: int = 300) -> None:
        self.client = redis.from_url(url, decode_responses=True)
        self.ttl_s = ttl_s

    def get(self, sku: str) -> Product | None:
        text = self.client.get(f"product:{sku}")
        if text is None:
            return None
        data = json.loads(text)
        return Product(data["sku"], data["title"], Decimal(data["price"]), data["stock"])

    def put(self, product: Product) -> None:
        data = {
            "sku": product.sku,
            "title": product.title,
            "price": str(product.price),
            "stock": product.stock,
        }
        self.client.set(f"product:{product.sku}", json.dumps(data), ex=self.ttl_s)

    def drop(self, sku: str) -> None:
        self.client.delete(f"product:{sku}")

    def count_view(self, sku: str) -> int:
        return int(self.client.incr(f"views:{sku}"))

    def clear(self) -> None:
        self.client.flushdb()
