from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from shop.services import Shop
from shop.settings import Settings


class Partner(BaseHTTPRequestHandler):
    """Payments and rates; the first charge of ``busy`` meets a busy server."""

    busy = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["customer"] == "busy" and Partner.busy < 1:
            Partner.busy += 1
            self.answer(503, {})
        elif body["customer"] == "broke":
            self.answer(402, {})
        else:
            self.answer(200, {"id": "p1"})

    def do_GET(self) -> None:
        self.answer(200, {"rate": "1.5"})

    def answer(self, status: int, body: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def partner() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Partner)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def shop(partner: str, tmp_path: Path) -> Shop:
    settings = Settings(
        database_url=os.environ["DATABASE_URL"],
        redis_url=os.environ["REDIS_URL"],
        payments_url=f"{partner}/payments",
        rates_url=f"{partner}/rates",
        receipts=tmp_path / "receipts",
    )
    shop = Shop(settings)
    shop.open()
    shop.repository.clear()
    shop.cache.clear()
    return shop
