"""Counts tests in the log of a step: the closing lines of `cargo test`, of node's test runner and of Python's unittest.

usage: count.py LOG EXIT_CODE KIND. Prints "PASSED FAILED IGNORED".
KIND is `tests` for a step made of tests, else `check`. A check counts as one. A step of tests that failed without a
failed test (it did not compile, it was cut short) counts one failure, and so does one that ran no test at all.
"""

import re
import sys
from pathlib import Path

CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;", re.MULTILINE)
NODE = re.compile(r"^ℹ (pass|fail|cancelled|skipped|todo) (\d+)$", re.MULTILINE)
PYTHON = re.compile(r"^Ran (\d+) tests? in [^\n]*\n\n(?:OK|FAILED)(?: \(([^)]*)\))?$", re.MULTILINE)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def counted(log: str) -> tuple[int, int, int]:
    passed = failed = ignored = 0
    for ok, bad, left_out in CARGO.findall(log):
        passed, failed, ignored = passed + int(ok), failed + int(bad), ignored + int(left_out)
    for kind, count in NODE.findall(log):
        passed += int(count) if kind == "pass" else 0
        failed += int(count) if kind in ("fail", "cancelled") else 0
        ignored += int(count) if kind in ("skipped", "todo") else 0
    for ran, rest in PYTHON.findall(log):
        parts = {word: int(number) for word, number in re.findall(r"(\w+)=(\d+)", rest)}
        bad, left_out = parts.get("failures", 0) + parts.get("errors", 0), parts.get("skipped", 0)
        passed, failed, ignored = passed + int(ran) - bad - left_out, failed + bad, ignored + left_out
    return passed, failed, ignored


def verdict(log: str, code: int, kind: str) -> tuple[int, int, int]:
    if kind != "tests":
        return (0, 1, 0) if code else (1, 0, 0)
    passed, failed, ignored = counted(COLOURS.sub("", log))
    unexplained = failed == 0 and (code != 0 or passed == 0)
    return passed, failed + int(unexplained), ignored


def main() -> None:
    path, code, kind = sys.argv[1:]
    print(*verdict(Path(path).read_text(encoding="utf-8", errors="replace"), int(code), kind))


if __name__ == "__main__":
    main()
