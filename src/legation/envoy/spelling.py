"""The two spellings of a field's name, that of the protos and that of JSON by the rule of protobuf; and what was meant.

Of a name that nobody knows that is the known one which it resembles most.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

_CAPITAL = re.compile("[A-Z]")
_LONGEST = 300
"""Letters of a name for which another one is looked for: no known name is longer."""


def snake(key: str) -> str:
    """Return a name in the spelling of the protos, given in either one."""
    return _CAPITAL.sub(lambda match: f"_{match[0].lower()}", key)


def camel(name: str) -> str:
    """Return the JSON name of a field of the protos."""
    first, *others = name.split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in others)


def nearest(name: str, known: Sequence[str]) -> str:
    """Return the known name that resembles this one most; empty where none does."""
    if len(name) > _LONGEST:
        return ""
    return next(iter(difflib.get_close_matches(name, known, n=1)), "")
