"""Products and orders in PostgreSQL."""

from __future__ import annotations

from decimal import Decimal

import psycopg2

from shop.models import Line, Order, Product

SCHEMA = """
create table if not exists products (
    sku text primary key, title text not null, price numeric not null, stock integer not null
);
create table if not exists orders (
    id serial primary key, customer text not null, status text not null,
    created timestamptz not null
);
create table if not exists order_lines (
    order_id integer references orders(id) on delete cascade,
    sku text not null, quantity integer not null, price numeric not null
);
"""


class Repository:
    """Reads and writes; one connection, one transaction a call."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg2.connect(url)

    def create_schema(self) -> None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(SCHEMA)

    def clear(self) -> None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("truncate products, orders, order_lines restart identity")

    def save_product(self, product: Product) -> None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(
                "insert into products (sku, title, price, stock) values (%s, %s, %s, %s) "
                "on conflict (sku) do update set title = excluded.title, "
                "price = excluded.price, stock = excluded.stock",
                (product.sku, product.title, product.price, product.stock),
            )

    def product(self, sku: str) -> Product | None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("select sku, title, price, stock from products where sku = %s", (sku,))
            row = cursor.fetchone()
        return Product(*row) if row else None

    def products(self) -> list[Product]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("select sku, title, price, stock from products order by sku")
            return [Product(*row) for row in cursor.fetchall()]

    def take(self, sku: str, quantity: int) -> bool:
        """Take from the stock; False when there is not enough."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(
                "update products set stock = stock - %s where sku = %s and stock >= %s",
                (quantity, sku, quantity),
            )
            return cursor.rowcount == 1

    def give_back(self, sku: str, quantity: int) -> None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("update products set stock = stock + %s where sku = %s", (quantity, sku))

    def save_order(self, order: Order) -> int:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(
                "insert into orders (customer, status, created) values (%s, %s, %s) returning id",
                (order.customer, order.status, order.created),
            )
            number = int(cursor.fetchone()[0])
            for line in order.lines:
                cursor.execute(
                    "insert into order_lines (order_id, sku, quantity, price) "
                    "values (%s, %s, %s, %s)",
                    (number, line.sku, line.quantity, line.price),
                )
            return number

    def order(self, number: int) -> Order | None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("select customer, status, created from orders where id = %s", (number,))
            row = cursor.fetchone()
            if row is None:
                return None
            cursor.execute(
                "select sku, quantity, price from order_lines where order_id = %s order by sku",
                (number,),
            )
            lines = [Line(sku, quantity, price) for sku, quantity, price in cursor.fetchall()]
        return Order(row[0], lines, number, row[1], row[2])

    def set_status(self, number: int, status: str) -> None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("update orders set status = %s where id = %s", (status, number))

    def revenue(self) -> Decimal:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(
                "select coalesce(sum(quantity * price), 0) from order_lines "
                "join orders on orders.id = order_id where status = 'paid'"
            )
            return Decimal(cursor.fetchone()[0])
