"""What the shop does."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from shop.cache import ProductCache
from shop.clients import Payments, Rates
from shop.files import Receipts, read_products
from shop.models import Order, OutOfStock, PaymentRefused, Product, ShopError
from shop.repository import Repository
from shop.settings import Settings


class Catalogue:
    """Finds products: in the cache first, then in the database."""

    def __init__(self, repository: Repository, cache: ProductCache) -> None:
        self.repository = repository
        self.cache = cache

    def find(self, sku: str) -> Product:
        known = self.cache.get(sku)
        if known is not None:
            return known
        product = self.repository.product(sku)
        if product is None:
            raise ShopError(f"there is no product {sku}")
        self.cache.put(product)
        return product

    def viewed(self, sku: str) -> tuple[Product, int]:
        product = self.find(sku)
        return product, self.cache.count_view(sku)

    def load(self, path: Path) -> int:
        products = read_products(path)
        for product in products:
            self.repository.save_product(product)
            self.cache.drop(product.sku)
        return len(products)


class Till:
    """Takes orders: stock, payment, receipt."""

    def __init__(
        self, catalogue: Catalogue, repository: Repository, payments: Payments, receipts: Receipts
    ) -> None:
        self.catalogue = catalogue
        self.repository = repository
        self.payments = payments
        self.receipts = receipts

    def order(self, customer: str, basket: dict[str, int]) -> int:
        order = Order(customer)
        for sku, quantity in basket.items():
            order.add(self.catalogue.find(sku), quantity)
        self._reserve(order)
        number = self.repository.save_order(order)
        try:
            # the money comes last: everything before it can be taken back
            self.payments.charge(customer, order.total)
        except PaymentRefused:
            self._take_back(order)
            self.repository.set_status(number, "refused")
            raise
        self.repository.set_status(number, "paid")
        self.receipts.write(order, number)
        self.receipts.log(f"{number} {order.total}")
        return number

    def _reserve(self, order: Order) -> None:
        taken = []
        for line in order.lines:
            if not self.repository.take(line.sku, line.quantity):
                for other in taken:
                    self.repository.give_back(other.sku, other.quantity)
                raise OutOfStock(f"not enough of {line.sku}")
            taken.append(line)
            self.catalogue.cache.drop(line.sku)

    def _take_back(self, order: Order) -> None:
        for line in order.lines:
            self.repository.give_back(line.sku, line.quantity)

    def receipt(self, number: int) -> str:
        return self.receipts.read(number)


class Shop:
    """Everything together."""

    def __init__(self, settings: Settings) -> None:
        self.repository = Repository(settings.database_url)
        self.cache = ProductCache(settings.redis_url)
        self.catalogue = Catalogue(self.repository, self.cache)
        self.receipts = Receipts(settings.receipts)
        self.rates = Rates(settings)
        self.till = Till(self.catalogue, self.repository, Payments(settings), self.receipts)

    def open(self) -> None:
        self.repository.create_schema()

    def price(self, sku: str, currency: str) -> Decimal:
        return self.rates.convert(self.catalogue.find(sku).price, currency)

    def revenue(self) -> Decimal:
        return self.repository.revenue()
