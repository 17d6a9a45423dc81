"""What a web framework calls: async by name, blocking by deed."""

from __future__ import annotations

from typing import Any

from shop.models import OutOfStock, PaymentRefused, ShopError
from shop.services import Shop


async def show_product(shop: Shop, sku: str) -> dict[str, Any]:
    try:
        product, views = shop.catalogue.viewed(sku)
    except ShopError as error:
        return {"status": 404, "error": str(error)}
    return {"status": 200, "title": product.title, "price": str(product.price), "views": views}


async def show_price(shop: Shop, sku: str, currency: str) -> dict[str, Any]:
    return {"status": 200, "price": str(shop.price(sku, currency)), "currency": currency}


async def place_order(shop: Shop, customer: str, basket: dict[str, int]) -> dict[str, Any]:
    try:
        number = shop.till.order(customer, basket)
    except OutOfStock as error:
        return {"status": 409, "error": str(error)}
    except PaymentRefused as error:
        return {"status": 402, "error": str(error)}
    return {"status": 201, "id": number, "receipt": shop.till.receipt(number)}


async def show_revenue(shop: Shop) -> dict[str, Any]:
    return {"status": 200, "revenue": str(shop.revenue())}
