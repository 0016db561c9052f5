"""Writes the bill of materials of a build as CycloneDX 1.5 JSON, from Cargo.lock and the front end's package-lock.json.

usage: bill_of_materials.py ROOT OUTPUT. The same lock files give the same bytes. Fails when a locked package is not in it.
"""

import base64
import json
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote


def crate_component(package: dict) -> dict:
    name, version = package["name"], package["version"]
    component = {"type": "library", "name": name, "version": version, "purl": f"pkg:cargo/{quote(name)}@{quote(version)}"}
    component["bom-ref"] = component["purl"]
    if "checksum" in package:
        component["hashes"] = [{"alg": "SHA-256", "content": package["checksum"]}]
    return component


def crate_components(root: Path) -> list[dict]:
    locked = tomllib.loads((root / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    return [crate_component(package) for package in locked if "source" in package]


def npm_component(path: str, entry: dict) -> dict:
    name, version = path.split("node_modules/")[-1], entry["version"]
    purl = f"pkg:npm/{quote(name, safe='/')}@{quote(version)}"
    component = {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": f"{purl}#{path}"}
    if "license" in entry:
        component["licenses"] = [{"expression": entry["license"]}]
    algorithm, _, digest = entry.get("integrity", "").partition("-")
    if algorithm == "sha512":
        component["hashes"] = [{"alg": "SHA-512", "content": base64.b64decode(digest).hex()}]
    return component


def npm_components(root: Path) -> list[dict]:
    lock = root / "frontend" / "package-lock.json"
    if not lock.exists():
        return []
    entries = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return [npm_component(path, entry) for path, entry in entries.items() if path and not entry.get("link")]


def product_version(root: Path) -> str:
    return tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]


def bill(root: Path) -> dict:
    components = sorted(crate_components(root) + npm_components(root), key=lambda c: c["bom-ref"])
    product = {"type": "application", "name": "lakegate", "version": product_version(root), "bom-ref": "lakegate"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": product},
        "components": components,
        "dependencies": [{"ref": "lakegate", "dependsOn": [c["bom-ref"] for c in components]}],
    }


def missing(root: Path, written: dict) -> list[str]:
    """Names in the raw text of Cargo.lock that the written file lacks; read apart from the code above on purpose."""
    present = {(c["name"], c["version"]) for c in written["components"] if c["purl"].startswith("pkg:cargo/")}
    wanted = []
    for block in (root / "Cargo.lock").read_text(encoding="utf-8").split("[[package]]")[1:]:
        fields = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
        if "source" in fields:
            wanted.append((fields["name"].strip('"'), fields["version"].strip('"')))
    return [f"{name} {version}" for name, version in wanted if (name, version) not in present]


def main() -> int:
    root, output = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(bill(root), indent=1) + "\n", encoding="utf-8")
    written = json.loads(output.read_text(encoding="utf-8"))
    refs = [component["bom-ref"] for component in written["components"]]
    faults = missing(root, written)
    faults += ["a reference stands twice"] if len(refs) != len(set(refs)) else []
    for fault in faults:
        print(f"not in the bill of materials: {fault}")
    print(f"{len(refs)} components in {output}")
    return 1 if faults or not refs else 0


if __name__ == "__main__":
    sys.exit(main())
