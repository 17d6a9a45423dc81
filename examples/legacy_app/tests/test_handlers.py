from __future__ import annotations

from decimal import Decimal

import pytest
from shop.handlers import place_order, show_price, show_product, show_revenue
from shop.models import Product
from shop.services import Shop


@pytest.fixture
def tea(shop: Shop) -> Product:
    product = Product("tea", "Green tea", Decimal("4.50"), 5)
    shop.repository.save_product(product)
    return product


@pytest.mark.asyncio
async def test_a_product_is_shown(shop: Shop, tea: Product) -> None:
    answer = await show_product(shop, "tea")
    assert answer == {"status": 200, "title": "Green tea", "price": "4.50", "views": 1}


@pytest.mark.asyncio
async def test_a_missing_product_is_404(shop: Shop) -> None:
    assert (await show_product(shop, "x"))["status"] == 404


@pytest.mark.asyncio
async def test_an_order_is_placed(shop: Shop, tea: Product) -> None:
    answer = await place_order(shop, "ann", {"tea": 1})
    assert answer["status"] == 201
    assert "Total 4.50" in answer["receipt"]
    assert (await show_revenue(shop))["revenue"] == "4.50"


@pytest.mark.asyncio
async def test_refusals_have_their_own_status(shop: Shop, tea: Product) -> None:
    assert (await place_order(shop, "broke", {"tea": 1}))["status"] == 402
    assert (await place_order(shop, "ann", {"tea": 50}))["status"] == 409


@pytest.mark.asyncio
async def test_a_price_is_converted(shop: Shop, tea: Product) -> None:
    assert (await show_price(shop, "tea", "USD"))["price"] == "6.75"
