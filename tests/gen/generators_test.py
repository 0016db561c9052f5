"""The generators are repeatable, keep the columns of the cases and hold what makes them worth using."""

import csv
import hashlib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parent
CASES = HERE.parent / "fixtures" / "cases"


def generate(name: str, out: Path, seed: int, rows: int) -> None:
    command = [sys.executable, str(HERE / f"{name}.py"), "--seed", str(seed), "--rows", str(rows), "--out", str(out)]
    subprocess.run(command, check=True)


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(str(p.relative_to(folder)).encode() + p.read_bytes() for p in files)).hexdigest()


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


class Generators(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)

    def test_equal_seeds_give_equal_bytes_and_other_seeds_others(self) -> None:
        for name in ("catalog_sales", "companies"):
            for folder, seed in (("a", 7), ("b", 7), ("c", 8)):
                generate(name, self.out / name / folder, seed, rows=300)
            same, again, other = (digest(self.out / name / folder) for folder in "abc")
            self.assertEqual(same, again)
            self.assertNotEqual(same, other)

    def test_catalog_sales_has_the_columns_of_the_case_and_nulls(self) -> None:
        generate("catalog_sales", self.out, 1, rows=500)
        head, *rows = read(self.out / "catalog_sales.csv")
        self.assertEqual(head, read(CASES / "catalog_sales.csv")[0])
        self.assertEqual(len(rows), 500)
        self.assertNotIn("", rows[0])
        prices = {cell for row in rows for cell in row[2:6]}
        self.assertIn("", prices)
        self.assertTrue(any("." in price for price in prices) and any(price.isdigit() for price in prices))

    def test_companies_have_the_columns_of_the_case_and_sound_keys(self) -> None:
        generate("companies", self.out, 1, rows=2000)
        head, *owners = read(self.out / "owners.csv")
        self.assertEqual(head, read(CASES / "companies" / "owners.csv")[0])
        files = sorted(self.out.glob("companies/continent=*/part-*.csv"))
        rows = [row for path in files for row in read(path)[1:]]
        case = CASES / "companies" / "companies" / "continent=eu" / "part-00000.csv"
        self.assertTrue(all(read(path)[0] == read(case)[0] for path in files))
        self.assertEqual(sorted(int(row[0]) for row in rows), list(range(2000)))
        self.assertLessEqual({row[5] for row in rows}, {row[0] for row in owners})
        self.assertGreater(len(files), 3)
        for awkward in ("two\nlines", "return and\r\nline feed", 'a "quoted" word'):
            self.assertTrue(any(awkward in row for row in rows), awkward)


if __name__ == "__main__":
    unittest.main()
