from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from shop.models import OutOfStock, PaymentRefused, Product, ShopError
from shop.services import Shop


def stocked(shop: Shop, stock: int = 5) -> Product:
    product = Product("tea", "Green tea", Decimal("4.50"), stock)
    shop.repository.save_product(product)
    return product


def test_a_product_is_found_and_then_cached(shop: Shop) -> None:
    product = stocked(shop)
    assert shop.catalogue.find("tea") == product
    shop.repository.clear()
    assert shop.catalogue.find("tea").title == "Green tea"


def test_an_unknown_product_is_an_error(shop: Shop) -> None:
    with pytest.raises(ShopError, match="no product"):
        shop.catalogue.find("coffee")


def test_views_are_counted(shop: Shop) -> None:
    stocked(shop)
    shop.catalogue.viewed("tea")
    assert shop.catalogue.viewed("tea")[1] == 2


def test_an_order_takes_stock_money_and_writes_a_receipt(shop: Shop) -> None:
    stocked(shop)
    number = shop.till.order("ann", {"tea": 2})
    assert shop.repository.product("tea").stock == 3
    assert "Total 9.00" in shop.till.receipt(number)
    assert shop.repository.order(number).status == "paid"
    assert shop.revenue() == Decimal("9.00")


def test_a_busy_payment_server_is_asked_again(shop: Shop) -> None:
    stocked(shop)
    assert shop.till.order("busy", {"tea": 1}) >= 1


def test_a_refused_payment_gives_the_stock_back(shop: Shop) -> None:
    stocked(shop)
    with pytest.raises(PaymentRefused):
        shop.till.order("broke", {"tea": 2})
    assert shop.repository.product("tea").stock == 5


def test_too_little_stock_is_refused(shop: Shop) -> None:
    stocked(shop, stock=1)
    with pytest.raises(OutOfStock):
        shop.till.order("ann", {"tea": 2})


def test_prices_are_converted(shop: Shop) -> None:
    stocked(shop)
    assert shop.price("tea", "USD") == Decimal("6.75")
    assert shop.price("tea", "EUR") == Decimal("4.50")


def test_products_are_loaded_from_a_file(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text("sku,title,price,stock\nmug,Mug,7.00,3\npot,Pot,21.00,1\n")
    assert shop.catalogue.load(path) == 2
    assert [p.sku for p in shop.repository.products()] == ["mug", "pot"]


def test_an_order_of_nothing_of_something_is_wrong(shop: Shop) -> None:
    stocked(shop)
    with pytest.raises(ValueError, match="at least 1"):
        shop.till.order("ann", {"tea": 0})
