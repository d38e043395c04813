"""The two spellings of a field's name: that of the protos, and that of JSON, by the rule of protobuf."""

from __future__ import annotations

import re

_CAPITAL = re.compile("[A-Z]")


def snake(key: str) -> str:
    """Return a name in the spelling of the protos, given in either one."""
    return _CAPITAL.sub(lambda match: f"_{match[0].lower()}", key)


def camel(name: str) -> str:
    """Return the JSON name of a field of the protos."""
    first, *others = name.split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in others)
