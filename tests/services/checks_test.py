"""The gate's own checks find what they are there to find."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))

import bill_of_materials  # noqa: E402
import count  # noqa: E402
import licences  # noqa: E402
import links  # noqa: E402

CARGO_LOG = """
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
\x1b[32mtest result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\x1b[0m
"""
NODE_LOG = "ℹ tests 9\nℹ pass 6\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0\n"
PYTHON_LOG = "Ran 5 tests in 0.010s\n\nFAILED (failures=1, errors=1, skipped=1)\nRan 2 tests in 0.1s\n\nOK\n"


class Counting(unittest.TestCase):
    def test_the_three_runners_are_added_up(self) -> None:
        self.assertEqual(count.verdict(CARGO_LOG.replace("\x1b[32mtest", "\ntest"), 1, "tests"), (15, 2, 1))
        self.assertEqual(count.verdict(CARGO_LOG + NODE_LOG + PYTHON_LOG, 1, "tests"), (25, 6, 3))

    def test_a_failure_without_a_failed_test_counts(self) -> None:
        self.assertEqual(count.verdict("error: could not compile", 101, "tests"), (0, 1, 0))
        self.assertEqual(count.verdict("nothing ran", 0, "tests"), (0, 1, 0))

    def test_a_check_counts_as_one(self) -> None:
        self.assertEqual(count.verdict(CARGO_LOG, 0, "check"), (1, 0, 0))
        self.assertEqual(count.verdict("", 1, "check"), (0, 1, 0))


class Licences(unittest.TestCase):
    ALLOW = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"}

    def verdict(self, text: str) -> bool:
        return licences.Expression(text).allowed_by(self.ALLOW)

    def test_expressions(self) -> None:
        for good in (
            "MIT", "MIT/GPL-3.0", "GPL-3.0 OR MIT", "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0", "GPL-3.0 OR Apache-2.0 WITH LLVM-exception",
        ):  # fmt: skip
            self.assertTrue(self.verdict(good), good)
        for bad in (
            "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0", "GPL-3.0 OR AGPL-3.0",
            "MIT WITH Some-exception", "MIT AND (GPL-3.0 OR LGPL-3.0)",
        ):  # fmt: skip
            self.assertFalse(self.verdict(bad), bad)
        for unreadable in ("MIT MIT", "(MIT", "MIT OR (Apache-2.0"):
            self.assertRaises(ValueError, self.verdict, unreadable)

    def test_exceptions_hold_for_their_crate_alone(self) -> None:
        rules = {"licenses": {"allow": ["MIT"], "exceptions": [{"crate": "a", "allow": ["ISC"]}]}}
        self.assertIsNone(licences.licence_fault("a", "ISC", rules))
        self.assertIn("not allowed", licences.licence_fault("b", "ISC", rules) or "")
        self.assertIn("no licence", licences.licence_fault("b", None, rules) or "")

    def test_bans_and_sources(self) -> None:
        def package(name: str, version: str, source: str | None = licences.CRATES_IO) -> dict:
            return {"name": name, "version": version, "source": source}

        rules = {
            "bans": {"deny": [{"crate": "bad"}, {"crate": "arrow", "deny-multiple-versions": True}]},
            "sources": {"allow-git": ["https://example.org/good"]},
        }
        used = [package("bad", "1.0.0"), package("arrow", "57.0.0"), package("arrow", "58.0.0"), package("c", "1.0.0")]
        self.assertEqual([f.split(":")[0] for f in licences.ban_faults(used, rules)], ["bad 1.0.0", "arrow"])
        self.assertEqual(licences.ban_faults(used[2:], rules), [])
        odd = [package("g", "1", "git+https://example.org/good?rev=1#1"), package("h", "1", "git+https://x.org/h"), package("p", "1", None)]
        self.assertEqual([f.split(":")[0] for f in licences.source_faults(odd, rules)], ["h", "p"])


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class Links(Folder):
    def faults(self) -> list[str]:
        found = []
        for path in links.documents(self.root):
            for _, target in links.targets(path):
                why = links.fault(self.root, path, target)
                found += [f"{target}: {why}"] if why else []
        return found

    def test_sound_links_pass(self) -> None:
        self.write("docs/a.md", "# One & two\n## One & two\n<a id='here'></a>\n![p](p%20q.png) [up](../README.md#the-name)\n")
        self.write("docs/p q.png", "")
        self.write("README.md", "# The `name`\n[a](docs/a.md#one--two) [b](docs/a.md#one--two-1) [c](#the-name) [d](/docs/a.md#here)\n"
                   "[e](https://example.org/x) `[f](gone.md)`\n```\n[g](gone.md)\n```\n[ref]: docs/a.md 'title'\n")
        self.assertEqual(self.faults(), [])

    def test_broken_links_are_named(self) -> None:
        self.write("a.md", "[x](gone.md) ![y](gone.png) [z](#nowhere) <img src='no.svg'> [o](../../etc)\n[r]: lost.md\n")
        self.assertEqual(
            sorted(self.faults()),
            ["#nowhere: no such heading", "../../etc: leads out of the project", "gone.md: no such file",
             "gone.png: no such file", "lost.md: no such file", "no.svg: no such file"],
        )  # fmt: skip

    def test_other_peoples_documents_are_left_alone(self) -> None:
        self.write("node_modules/p/README.md", "[x](gone.md)\n")
        self.assertEqual(self.faults(), [])


class BillOfMaterials(Folder):
    LOCK = '[[package]]\nname = "lakegate"\nversion = "0.1.0"\n\n[[package]]\nname = "serde"\nversion = "1.0.1"\nsource = "registry"\nchecksum = "ab12"\n'

    def test_every_locked_package_is_listed_and_a_missing_one_is_named(self) -> None:
        self.write("Cargo.toml", '[workspace.package]\nversion = "0.1.0"\n')
        self.write("Cargo.lock", self.LOCK)
        npm = {"": {}, "node_modules/@a/b": {"version": "2.0.0", "license": "MIT", "integrity": "sha512-YWJj"}}
        self.write("frontend/package-lock.json", json.dumps({"packages": npm}))
        made = bill_of_materials.bill(self.root)
        self.assertEqual([c["purl"] for c in made["components"]], ["pkg:cargo/serde@1.0.1", "pkg:npm/%40a/b@2.0.0"])
        self.assertEqual([c["hashes"][0]["content"] for c in made["components"]], ["ab12", "616263"])
        self.assertEqual(bill_of_materials.missing(self.root, made), [])
        self.assertEqual(bill_of_materials.missing(self.root, {"components": []}), ["serde 1.0.1"])


class Gate(unittest.TestCase):
    def test_an_unknown_step_is_refused_and_help_is_given(self) -> None:
        run = Path(__file__).parent.parent / "run"
        refused = subprocess.run([run, "no-such-step"], capture_output=True, text=True, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("no step no-such-step", refused.stderr)
        self.assertIn("tests/run quick", refused.stderr)


if __name__ == "__main__":
    unittest.main()
