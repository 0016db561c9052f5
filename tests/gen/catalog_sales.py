"""Writes a seeded variation of the case catalog_sales: OUT/catalog_sales.csv with the same twelve columns.

Numbers mix integer and decimal literals of up to four places, some cells are NULL, some values repeat.
The first row holds a value in every column, so that no column is without a type.
"""

import random
from collections.abc import Iterator

from seeded import arguments, decimal, sometimes, write_csv

COLUMNS = [
    "order_number", "quantity", "wholesale_cost", "list_price", "sales_price", "discount", "ship_mode_sk",
    "warehouse_sk", "item_sk", "catalog_page_sk", "ship_customer_sk", "bill_customer_sk",
]  # fmt: skip
NULL_SHARE = 0.05


def sales(source: random.Random, count: int) -> Iterator[list[object]]:
    scale = source.randint(1, 4)
    customers = [source.randrange(1, 10**6) for _ in range(max(1, count // 3))]
    for number in range(count):
        prices = [decimal(source, 1000, scale) if number else "45.5" for _ in range(4)]
        keys = [source.randint(1, 60) for _ in range(4)]
        people = [source.choice(customers), source.choice(customers)]
        cells = [source.randint(1, 99), *prices, *keys, *people]
        share = NULL_SHARE if number else 0.0
        yield [146776932 + number, *(sometimes(source, share, cell) for cell in cells)]


def main() -> None:
    wanted = arguments(__doc__, rows=200)
    source = random.Random(wanted.seed)
    write_csv(wanted.out / "catalog_sales.csv", COLUMNS, sales(source, wanted.rows))


if __name__ == "__main__":
    main()
