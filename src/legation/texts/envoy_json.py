"""JSON as Envoy reads its files, which ends a name with `.json`. Pure.

It reads more than JSON: text in single quotes, keys without quotes, a comma before a bracket, control characters in a
text. It refuses what YAML allows besides: comments, another document, a byte order mark, `.nan`. Tried with Envoy 1.40.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from legation.texts import positioned_json
from legation.texts.kubectl_yaml import YamlFault, too_deep
from legation.texts.places import Wanted

_NOTHING = Wanted()
_LAX = re.compile(
    r"""
    (?P<text> " (?:[^"\\]|\\.)* " | ' (?:[^'\\]|\\.)* ' )
    | (?P<comma> , ) (?= [ \t\r\n]* [}\]] )
    | (?P<key> [A-Za-z_$][A-Za-z0-9_$]* ) (?= [ \t\r\n]* : )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_IN_TEXT = re.compile(r"""\\.|["\x00-\x1f]""", re.DOTALL)
_MARK = "\ufeff"


def read(text: str) -> Any:
    """Return the value of a text. Of a key that stands twice the last one counts.

    Raises:
        YamlFault: It cannot be read.
    """
    if text.startswith(_MARK):
        raise _fault("it begins with a byte order mark", mend="save it as plain UTF-8 text")
    reading = positioned_json.read(text, _NOTHING)
    if reading is None:
        plain = _LAX.sub(_strict, text)
        reading = positioned_json.read(plain, _NOTHING)
        if reading is None:
            raise _why(plain)
    return reading.value


def _strict(found: re.Match[str]) -> str:
    """Return what JSON has for something that is read besides JSON."""
    if found["comma"]:
        return ""
    if found["key"]:
        return f'"{found["key"]}"'
    return f'"{_IN_TEXT.sub(_escape, found["text"][1:-1])}"'


def _escape(found: re.Match[str]) -> str:
    match found[0]:
        case "\\'":
            return "'"
        case '"':
            return '\\"'
        case escape if escape.startswith("\\"):
            return escape
        case character:
            return f"\\u{ord(character):04x}"


def _why(text: str) -> YamlFault:
    """Return why a text is no JSON, in the words of Python's reader, which tell the line."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        words = f"{error.msg[:1].lower()}{error.msg[1:]}"
        mend = "JSON has no comments, and nothing behind its value; a name that ends in .yaml may have both"
        return _fault(words, mend=mend, line=error.lineno, column=error.colno)
    except ValueError as error:
        return _fault(str(error), mend="put it in quotes")
    except RecursionError:
        pass
    return too_deep()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON")


def _fault(words: str, *, mend: str, line: int = 1, column: int = 1) -> YamlFault:
    return YamlFault("json-syntax", f"this is not JSON: {words}", mend=mend, line=line, column=column)
