"""What a scalar of YAML means to kubectl: the rules of Go's `sigs.k8s.io/yaml` for text without quotes, and for tags.

They are YAML 1.1's with changes: `yes`, `on` and `y` are true, a number with colons and a timestamp are text, `0o17` is
octal as `017` is, and whole numbers of any spelling are whole, as in JSON.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_BASES = (16, 2, 8, 10)
_LONGEST = 1000
"""Characters of a number that can be whole. Far more digits Python refuses to convert."""
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def plain(text: str) -> Scalar:
    """Return what text without quotes means; infinity and not-a-number too, which JSON cannot say."""
    if text in _WORDS:
        return _WORDS[text]
    return number(text) if text[0] in "+-.0123456789" else text


def number(text: str) -> int | float | str:
    """Return the number that the text spells, or the text itself."""
    # Go drops the underscores of a number, but not where it begins with a dot.
    digits = text if text[0] == "." else text.replace("_", "")
    if len(digits) <= _LONGEST and (matched := _INTEGER.fullmatch(digits)):
        sign, *bodies = matched.groups()
        value = next(int(body, base) for body, base in zip(bodies, _BASES, strict=True) if body)
        value = -value if sign == "-" else value
        if -(2**63) <= value < 2**64:
            return value
    if not _FLOAT.fullmatch(digits):
        return text
    spelled = float(digits)
    # As JSON has it: 1.0 and 1e3 are whole numbers.
    if spelled.is_integer() and abs(spelled) < 2**63:
        return int(spelled)
    return spelled if math.isfinite(spelled) else text


def tagged(name: str, text: str) -> Scalar:
    """Return what text behind one of YAML's own tags means; other tags say nothing.

    Args:
        name: The tag without its `!!`.
        text: As written, quoted or not.

    Raises:
        ValueError: The text is not what the tag says.
    """
    if name == "binary":
        return _binary(text)
    value = plain(text)
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "null": value is None,
    }
    if name not in fits:
        return text
    if not fits[name]:
        raise ValueError(f"the tag !!{name} stands before something else")
    return value


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except binascii.Error as error:
        raise ValueError("the tag !!binary stands before what is not base64") from error
