"""What the generators share: the command line, and random values that break naive readers of CSV.

The same seed and number of rows give the same bytes on every machine.
"""

import argparse
import csv
import random
from collections.abc import Iterable
from pathlib import Path

AWKWARD = [
    'a "quoted" word',
    "comma, and; semicolon",
    "two\nlines",
    "return and\r\nline feed",
    "\nstarts with a line break",
    '"',
    "tab\tinside",
    "  blanks around  ",
    "NULL",
    "\\N",
    "=1+1",
    "Grüße, 東京, مرحبا, 🧭",
    "'; drop table owners; --",
    "x" * 300,
]


def arguments(description: str, rows: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seed", type=int, required=True, help="equal seeds give equal files")
    parser.add_argument("--rows", type=int, default=rows, help="rows of the main table (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into; made when missing")
    parsed = parser.parse_args()
    if parsed.rows < 1:
        parser.error("--rows must be at least 1")
    return parsed


def sometimes(random_source: random.Random, share: float, value: object) -> object:
    """`value`, or an empty field (NULL) in `share` of the cases."""
    return "" if random_source.random() < share else value


def decimal(random_source: random.Random, whole: int, scale: int) -> str:
    """A literal such as 46, 46.0 or 45.9: integers and decimals mix in one column."""
    digits = random_source.randint(0, scale)
    units = random_source.randrange(whole * 10**digits)
    if digits == 0:
        return str(units)
    return f"{units // 10**digits}.{units % 10**digits:0{digits}d}"


def write_csv(path: Path, columns: list[str], rows: Iterable[Iterable[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
