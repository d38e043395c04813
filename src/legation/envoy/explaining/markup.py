"""The markup of comments in Envoy's protos (reStructuredText, with tags of its own) -> plain text. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

_TAG = re.compile(r"\[#[\w-]+:?(?:[^\[\]]|\[[^\]]*\])*\]")
_CATEGORY = re.compile(r"\[#extension-category:\s*([^\]]+)\]")
_ROLE = re.compile(r":[\w:-]+:`([^`<]*?)\s*(?:<([^`>]*)>)?`")
_LINK = re.compile(r"`([^`<]+?)\s*<([^`>]*)>`_+")
_CODE = re.compile(r"``(.+?)``", re.DOTALL)
_DIRECTIVE = re.compile(r"\.\.\s+([\w-]+)::\s*(.*)")
_LABEL = re.compile(r"\.\.\s+_[^:]+:\s*$")
_SPOKEN = {"attention": "Attention:", "note": "Note:", "warning": "Warning:", "tip": "Tip:"}
_CODE_BLOCKS = {"code-block", "literalinclude", "image", "validated-code-block"}


def plain_text(comment: str, *, width: int = 96) -> str:
    """Return a comment as paragraphs of plain text; code stays as it is written."""
    shown: list[str] = []
    code_in: int | None = None
    for lines in _paragraphs(_TAG.sub("", comment)):
        margin = _margin(lines)
        if code_in is not None and margin > code_in:
            shown.append("\n".join("    " + line[margin:] for line in lines))
            continue
        first = _DIRECTIVE.match(lines[0].strip())
        code_in = margin if first and first[1] in _CODE_BLOCKS else None
        shown.append(_paragraph(lines, width))
    return "\n\n".join(filter(None, shown))


def categories(comment: str) -> tuple[str, ...]:
    """Return the categories of extensions that a field takes."""
    return tuple(each.strip() for each in _CATEGORY.findall(comment))


def is_hidden(comment: str) -> bool:
    """Say whether a comment says that Envoy has nothing behind it."""
    return "[#not-implemented-hide:]" in comment


def _paragraphs(text: str) -> Iterator[list[str]]:
    block: list[str] = []
    for line in [*text.expandtabs(4).splitlines(), ""]:
        if line.strip():
            block.append(line.rstrip())
        elif block:
            yield block
            block = []


def _margin(lines: list[str]) -> int:
    return min(len(line) - len(line.lstrip()) for line in lines)


def _paragraph(lines: list[str], width: int) -> str:
    if all(_LABEL.match(line.strip()) for line in lines):
        return ""
    lines = [line.strip() for line in lines]
    if first := _DIRECTIVE.match(lines[0]):
        if first[1] in _CODE_BLOCKS:
            # What follows at once is the code, or its options.
            return "\n".join("    " + line for line in lines[1:] if not line.startswith(":"))
        lines = [" ".join(filter(None, (_SPOKEN.get(first[1], ""), first[2]))), *lines[1:]]
    return "\n".join(_items(lines, width))


def _items(lines: list[str], width: int) -> Iterator[str]:
    """Yield the lines of a paragraph filled anew, each item of a list for itself."""
    item: list[str] = []
    for line in lines:
        if item and re.match(r"(?:[*-]|\d+\.)\s", line):
            yield _filled(item, width)
            item = []
        item.append(line)
    if item:
        yield _filled(item, width)


def _filled(lines: list[str], width: int) -> str:
    text = _inline(" ".join(filter(None, lines)))
    is_item = re.match(r"(?:[*-]|\d+\.)\s", text)
    return textwrap.fill(
        text, width, subsequent_indent="  " if is_item else "", break_long_words=False, break_on_hyphens=False
    )


def _inline(text: str) -> str:
    text = _ROLE.sub(lambda found: found[1] or found[2] or "", text)
    text = _LINK.sub(r"\1 (\2)", text)
    text = _CODE.sub(r"\1", text)
    return re.sub(r"\*\*(.+?)\*\*", r"\1", text)
