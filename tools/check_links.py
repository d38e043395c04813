"""Checks that every relative link in the project's Markdown files leads somewhere.

A link's file must exist, and its anchor must be a heading, an HTML `id`/`name` or a `(label)=` target there. Links to
other hosts are not followed. Only files that git knows or would add are read.

    python tools/check_links.py [ROOT]
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

FENCE = re.compile(r"^\s{0,3}(?:>\s?)*(`{3,}|~{3,}|:{3,})")
CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# [text](target "title"), ![alt](target), [text](<target>); the text may hold an image.
INLINE = re.compile(r"\]\(\s*(?:<([^<>]*)>|((?:[^\s()]|\([^\s()]*\))+))(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
REFERENCE = re.compile(r"^\s{0,3}\[(?!\^)[^\]]+\]:\s*<?([^\s>]+)>?")
HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src)=[\"']([^\"']+)[\"']")
HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$")
UNDERLINE = re.compile(r"^\s{0,3}(?:=+|-+)\s*$")
TARGET = re.compile(r"^\(([^()]+)\)=\s*$")
HTML_ID = re.compile(r"\b(?:id|name)=[\"']([^\"']+)[\"']")
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Yields each line that is not code or comment, with its number."""
    text = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and line.strip(" >") == mark[1]:
                fence = ""
        elif mark and not mark[1].startswith(":"):
            fence = mark[1]
        else:
            yield number, line


def slug(heading: str) -> str:
    """Gives the anchor of a heading, as GitHub and MyST make it."""
    heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    heading = re.sub(r"<[^>]+>", "", heading)
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Gives every anchor that a Markdown text offers."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    before = ""
    for _, line in prose(text):
        found.update(HTML_ID.findall(line))
        if target := TARGET.match(line):
            found.add(target[1])
        heading = HEADING.match(line)
        title = heading[1] if heading else before if UNDERLINE.match(line) else ""
        if title:
            name = slug(title)
            found.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
        before = "" if heading else line.strip()
    return found


def links(text: str) -> Iterator[tuple[int, str]]:
    """Yields each link's target in a Markdown text, with its line."""
    for number, line in prose(text):
        bare = CODE_SPAN.sub("", line)
        if reference := REFERENCE.match(bare):
            yield number, reference[1]
        for angled, plain in INLINE.findall(bare):
            yield number, angled or plain
        for target in HTML.findall(bare):
            yield number, target


def dead_links(root: Path, files: list[Path]) -> list[str]:
    """Says for each dead link in the files where it is and what is missing."""
    known: dict[Path, set[str]] = {}
    dead = []
    for file in files:
        for number, target in links(file.read_text(encoding="utf-8")):
            if ELSEWHERE.match(target):
                continue
            path, _, anchor = unquote(target).partition("#")
            place = f"{file.relative_to(root)}:{number}: {target}"
            goal = file if not path else (root / path.lstrip("/") if path.startswith("/") else file.parent / path)
            goal = goal.resolve()
            if not goal.is_relative_to(root):
                dead.append(f"{place}: leads out of the project")
            elif not goal.exists():
                dead.append(f"{place}: no such file")
            elif anchor and goal.suffix == ".md":
                if goal not in known:
                    known[goal] = anchors(goal.read_text(encoding="utf-8"))
                if anchor not in known[goal]:
                    dead.append(f"{place}: no such heading")
    return dead


def markdown_files(root: Path) -> list[Path]:
    """Lists the Markdown files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted({root / name for name in listed.split("\0") if name and (root / name).is_file()})


def main(arguments: list[str]) -> int:
    """Checks the project and says what is dead."""
    root = Path(arguments[0] if arguments else ".").resolve()
    files = markdown_files(root)
    dead = dead_links(root, files)
    for line in dead:
        print(line)
    print(f"links: {len(files)} files, {len(dead)} dead")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
