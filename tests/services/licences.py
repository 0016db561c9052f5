"""Checks crates and bundled npm packages against deny.toml: licences, banned crates, duplicate versions, sources.

Reads the same file as cargo-deny, of it [graph].targets, [licenses].allow/exceptions, [bans].deny and [sources].
usage: licences.py ROOT. Prints each refusal; exit code 1 if there is any.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
TOKEN = re.compile(r"\(|\)|[^\s()]+")


def metadata(root: Path, target: str) -> dict:
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features", "--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE).stdout)


def used_packages(root: Path, rules: dict) -> list[dict]:
    """Packages that a build for one of the targets uses, the workspace's own left out."""
    found = {}
    for target in rules["graph"]["targets"]:
        answer = metadata(root, target)
        nodes = {node["id"] for node in answer["resolve"]["nodes"]}
        own = set(answer["workspace_members"])
        found |= {p["id"]: p for p in answer["packages"] if p["id"] in nodes and p["id"] not in own}
    return sorted(found.values(), key=lambda package: (package["name"], package["version"]))


class Expression:
    """An SPDX licence expression. `A WITH B` counts as one licence, written like that in the allow-list."""

    def __init__(self, text: str) -> None:
        words = TOKEN.findall(text.replace("/", " OR "))
        self.tokens: list[str] = []
        for word in words:
            if len(self.tokens) > 1 and self.tokens[-1] == "WITH":
                self.tokens.pop()
                self.tokens.append(f"{self.tokens.pop()} WITH {word}")
            else:
                self.tokens.append(word)

    def allowed_by(self, allow: set[str]) -> bool:
        rest = list(self.tokens)
        verdict = self._any(rest, allow)
        if rest:
            raise ValueError(f"cannot read the licence {' '.join(self.tokens)}")
        return verdict

    def _any(self, rest: list[str], allow: set[str]) -> bool:
        verdict = self._all(rest, allow)
        while rest and rest[0] == "OR":
            rest.pop(0)
            verdict |= self._all(rest, allow)
        return verdict

    def _all(self, rest: list[str], allow: set[str]) -> bool:
        verdict = self._one(rest, allow)
        while rest and rest[0] == "AND":
            rest.pop(0)
            verdict &= self._one(rest, allow)
        return verdict

    def _one(self, rest: list[str], allow: set[str]) -> bool:
        token = rest.pop(0) if rest else ""
        if token != "(":
            return token in allow
        verdict = self._any(rest, allow)
        if not rest or rest.pop(0) != ")":
            raise ValueError("a bracket is not closed")
        return verdict


def licence_fault(name: str, licence: str | None, rules: dict) -> str | None:
    licences = rules["licenses"]
    extra = [e["allow"] for e in licences.get("exceptions", []) if e["crate"] == name]
    allow = set(licences["allow"]).union(*extra)
    if not licence:
        return f"{name}: names no licence"
    return None if Expression(licence).allowed_by(allow) else f"{name}: licence {licence} is not allowed"


def ban_faults(packages: list[dict], rules: dict) -> list[str]:
    faults = []
    for ban in rules["bans"].get("deny", []):
        versions = [p["version"] for p in packages if p["name"] == ban["crate"]]
        reason = ban.get("reason", "banned")
        if ban.get("deny-multiple-versions"):
            if len(versions) > 1:
                faults.append(f"{ban['crate']}: {len(versions)} versions ({', '.join(versions)}): {reason}")
        elif versions:
            faults.append(f"{ban['crate']} {versions[0]}: {reason}")
    return faults


def source_faults(packages: list[dict], rules: dict) -> list[str]:
    sources = rules["sources"]
    allowed = {CRATES_IO} | {f"git+{url}" for url in sources.get("allow-git", [])}
    names = ((p["name"], p["source"] or "a path outside the workspace") for p in packages)
    return [f"{name}: comes from {source}" for name, source in names if source.split("?")[0].split("#")[0] not in allowed]


def npm_packages(root: Path) -> list[tuple[str, str | None]]:
    """What is bundled into the portal: name and licence of each package of the front end's lock file."""
    lock = root / "frontend" / "package-lock.json"
    if not lock.exists():
        return []
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return [(f"npm {path.split('node_modules/')[-1]}", entry.get("license")) for path, entry in packages.items() if path]


def main() -> int:
    root = Path(sys.argv[1]).resolve()
    rules = tomllib.loads((root / "deny.toml").read_text(encoding="utf-8"))
    crates = used_packages(root, rules)
    licences = [(p["name"], p["license"]) for p in crates] + npm_packages(root)
    faults = [fault for name, licence in licences if (fault := licence_fault(name, licence, rules))]
    faults += ban_faults(crates, rules) + source_faults(crates, rules)
    for fault in faults:
        print(fault)
    print(f"{len(crates)} crates and {len(licences) - len(crates)} npm packages, {len(faults)} refused")
    return 1 if faults or not crates else 0


if __name__ == "__main__":
    sys.exit(main())
