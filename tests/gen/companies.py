"""Writes a seeded variation of the case companies: OUT/owners.csv and OUT/companies/continent=NAME/part-NNNNN.csv.

Same columns as the case. Texts hold quotes, separators, line breaks, other scripts and words that look like NULL;
some cells are NULL. Each owner_id is a people_id. A continent of more than PART_ROWS companies has several files.
"""

import random
from collections.abc import Iterator
from pathlib import Path

from seeded import AWKWARD, arguments, sometimes, write_csv

OWNER_COLUMNS = ["people_id", "first_name", "last_name", "gender", "age", "designation", "address"]
COMPANY_COLUMNS = ["index", "company_id", "company_name", "category_code", "status", "owner_id"]
FIRST = ["Ola", "Mina", "Jürgen", "Zoë", "Li", "Noor"]
LAST = ["Sato", "O'Neill", "van der Berg", "García", "Kaya"]
CONTINENTS = ["asia", "eu", "us"]
PART_ROWS = 500
NULL_SHARE = 0.05
AWKWARD_SHARE = 0.2


def text(source: random.Random, plain: str) -> str:
    return source.choice(AWKWARD) if source.random() < AWKWARD_SHARE else plain


def owners(source: random.Random, count: int) -> Iterator[list[object]]:
    for number in range(1, count + 1):
        address = f"{source.randint(1, 999)} Mill Street\nUnit {source.randint(1, 99)}"
        cells = [
            source.choice(FIRST),
            source.choice(LAST),
            source.choice(["female", "male", "other"]),
            source.randint(18, 90),
            text(source, source.choice(["Chair", "Partner", "Founder"])),
            text(source, address),
        ]
        share = NULL_SHARE if number > 1 else 0.0
        yield [number, *(sometimes(source, share, cell) for cell in cells)]


def companies(source: random.Random, count: int, people: int) -> dict[str, list[list[object]]]:
    found: dict[str, list[list[object]]] = {continent: [] for continent in CONTINENTS}
    for number in range(count):
        name = text(source, f"{source.choice(['Onyx', 'Umber', 'Tundra'])} Labs {number:04d}")
        category = sometimes(source, NULL_SHARE if number else 0.0, source.choice(["hardware", "travel", "finance"]))
        status = source.choice(["operating"] * 8 + ["acquired", "closed", "ipo"])
        company = [number, f"c:{number + 1}", name, category, status, source.randint(1, people)]
        found[source.choice(CONTINENTS)].append(company)
    return found


def write_companies(folder: Path, found: dict[str, list[list[object]]]) -> None:
    for continent, rows in found.items():
        for part, start in enumerate(range(0, len(rows), PART_ROWS)):
            path = folder / f"continent={continent}" / f"part-{part:05d}.csv"
            write_csv(path, COMPANY_COLUMNS, rows[start : start + PART_ROWS])


def main() -> None:
    wanted = arguments(__doc__, rows=2000)
    source = random.Random(wanted.seed)
    people = max(1, wanted.rows // 20)
    write_csv(wanted.out / "owners.csv", OWNER_COLUMNS, owners(source, people))
    write_companies(wanted.out / "companies", companies(source, wanted.rows, people))


if __name__ == "__main__":
    main()
