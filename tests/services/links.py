"""Checks the documents of a folder offline: each relative link and image leads to a file, each anchor to a heading.

usage: links.py ROOT. Prints each broken link as FILE:LINE, then a count; exit code 1 if any is broken.
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

SKIPPED = {".git", "node_modules", "target", "vendor", "lakegate-data"}
FENCE = re.compile(r"^\s*(```|~~~)")
INLINE_CODE = re.compile(r"(`+).*?\1")
INLINE_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'(][^)]*)?\)")
REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)")
HTML_LINK = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=[\"']([^\"']+)[\"']", re.IGNORECASE)
HTML_ANCHOR = re.compile(r"\b(?:id|name)=[\"']([^\"']+)[\"']")
HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")


def documents(root: Path) -> list[Path]:
    found = (path for path in root.rglob("*.md") if not SKIPPED & set(path.relative_to(root).parts))
    return sorted(found)


def prose(text: str) -> list[tuple[int, str]]:
    """The numbered lines outside fenced blocks."""
    lines, fence = [], None
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line)
        if mark and fence in (None, mark.group(1)):
            fence = None if fence else mark.group(1)
        elif fence is None:
            lines.append((number, line))
    return lines


def slug(heading: str) -> str:
    """The anchor that a code forge gives a heading: lower case, punctuation gone, blanks to hyphens."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[^\w\- ]", "", text.lower())
    return text.replace(" ", "-")


def anchors(path: Path) -> set[str]:
    seen: dict[str, int] = {}
    found: set[str] = set()
    for _, line in prose(path.read_text(encoding="utf-8")):
        found.update(HTML_ANCHOR.findall(line))
        heading = HEADING.match(line)
        if heading:
            name = slug(heading.group(1))
            found.add(f"{name}-{seen[name]}" if name in seen else name)
            seen[name] = seen.get(name, 0) + 1
    return found


def targets(path: Path) -> list[tuple[int, str]]:
    found = []
    for number, line in prose(path.read_text(encoding="utf-8")):
        bare = INLINE_CODE.sub("", line)
        for pattern in (INLINE_LINK, REFERENCE, HTML_LINK):
            found += [(number, target) for target in pattern.findall(bare)]
    return found


def fault(root: Path, path: Path, target: str) -> str | None:
    """Why a link is broken, or None. Links to other hosts are not followed."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    name = unquote(parts.path)
    start = root if name.startswith("/") else path.parent
    goal = (start / name.lstrip("/")).resolve() if name else path
    if not goal.is_relative_to(root):
        return "leads out of the project"
    if not goal.exists():
        return "no such file"
    if parts.fragment and goal.suffix == ".md" and unquote(parts.fragment) not in anchors(goal):
        return "no such heading"
    return None


def main() -> int:
    root = Path(sys.argv[1]).resolve()
    checked = broken = 0
    for path in documents(root):
        for number, target in targets(path):
            checked += 1
            why = fault(root, path, target)
            if why:
                broken += 1
                print(f"{path.relative_to(root)}:{number}: {target}: {why}")
    print(f"{checked} links in {len(documents(root))} documents, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
