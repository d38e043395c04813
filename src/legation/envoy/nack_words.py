"""An Envoy's words about a refusal, cut so that they can be shown to anyone.

Envoy puts the refused message itself into some of its errors, as text of protobuf or of JSON, and values of it into
others. Names and reasons are kept; what may be content is not. Everything that decides it is here.
"""

from __future__ import annotations

import re

from legation.model.events import before_dump

LONGEST = 300
"""Characters that are kept of any message."""
WITHHELD = "its words are withheld, they may hold the secret"

# "Proto constraint validation failed (<what is wrong>): <dump of the message>": the constraint is ours to show.
_CONSTRAINT = re.compile(r"\A(.*?Proto constraint validation failed \(.*?\)):\s", re.DOTALL)
# Newer Envoys write the dump first. It ends with its line, and no content can hold the end of a line unescaped.
_CONSTRAINT_BEHIND = re.compile(r"^: (Proto constraint validation failed \(.*\))", re.MULTILINE)
# What else than a quoted field begins a dump: one with a number, an enum or a list, an Any in brackets, or the mark
# that protobuf puts in front of text for people. The word in front of a list stays: it may be the last of a sentence.
# Lua's `[string "<script>"]:<line>: <reason>` is no list.
_DUMP = re.compile(
    r"(?:(?<=\s)|\A)[a-z]\w*:\s*(?:-?\d|[A-Z][A-Z_]+\b)|(?<=\w):\s*\[(?!string \")"
    r"|\[\s*type\.googleapis\.com/|goo\.gle/debug|-----BEGIN"
)
# JSON conversion quotes the value that it cannot take, and Lua the piece of the script that it stumbles over.
_QUOTED = re.compile(r"\"[^\"]*\"?|(?<=\bnear )'.*", re.DOTALL)
_PLAIN_WORD = re.compile(r"[A-Za-z<>()/.,:_'-]{1,32}")


def show_words(message: str, *, secret: bool) -> str:
    """Return what may be shown of an Envoy's error message.

    Args:
        message: `error_detail.message` as it came.
        secret: The type's content must not be shown to anyone: only the leading plain words are kept.
    """
    constraint = _CONSTRAINT.match(message)
    words = _without_content(constraint[1] if constraint else message)
    behind = None if constraint else _CONSTRAINT_BEHIND.search(message)
    if behind:
        words = ": ".join(filter(None, (words, _without_content(behind[1]))))
    if secret:
        words = _leading_plain_words(words)
    words = " ".join(words.split()).rstrip(" :,(")
    if len(words) > LONGEST:
        # What was wrong at last stands at the end, what it was wrong with at the beginning.
        words = f"{words[: LONGEST // 3]}…{words[1 - 2 * LONGEST // 3 :]}"
    return words or (WITHHELD if secret else "no reason given")


def _without_content(text: str) -> str:
    words = before_dump(text)
    dump = _DUMP.search(words)
    return _QUOTED.sub('"…"', words[: dump.start()] if dump else words).rstrip(" :,(")


def _leading_plain_words(text: str) -> str:
    plain: list[str] = []
    for word in text.split():
        if not _PLAIN_WORD.fullmatch(word):
            break
        plain.append(word)
    return " ".join(plain)
