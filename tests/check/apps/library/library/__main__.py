"""Say how large the library is."""

from library import lending
from library.database import create_tables


def main():
    create_tables()
    for name, count in lending.sizes().items():
        print(name, count)


if __name__ == "__main__":
    main()
