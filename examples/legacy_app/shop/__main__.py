"""Load products from a file: ``python -m shop products.csv``."""

from __future__ import annotations

import sys
from pathlib import Path

from shop.services import Shop
from shop.settings import from_environment


def main() -> int:
    shop = Shop(from_environment())
    shop.open()
    loaded = shop.catalogue.load(Path(sys.argv[1]))
    print(f"{loaded} products loaded")
    return 0


if __name__ == "__main__":
    sys.exit(main())
