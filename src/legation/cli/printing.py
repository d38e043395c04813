"""How values are printed so that they are read back as what they are."""

from __future__ import annotations

import json
import re
from typing import Any

# Words that YAML 1.1 or Envoy's reader takes for booleans or null, and everything that could begin a number.
_NO_TEXT = re.compile(r"(?i)(y|n|yes|no|on|off|true|false|null|~|)|[-+.\d].*", re.DOTALL)


_VERSION_SHOWN = 8
"""Characters of a version; enough to tell two apart."""


def short_version(version: str) -> str:
    """Return as much of a version as tells it from others."""
    return version[:_VERSION_SHOWN]


def count(number: int, what: str) -> str:
    """Return how many of something: `1 file`, `2 files`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def in_form(value: Any, output: str) -> str:
    """Return the value as a program reads it that asked for `-o json` or `-o yaml`."""
    return to_json(value) if output == "json" else to_yaml(value)


def to_json(value: Any) -> str:
    """Return the value as JSON for people, ending in a line break."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def to_yaml(value: Any) -> str:
    """Return the value as YAML that every reader, of YAML 1.1 or 1.2, reads back equal."""
    import yaml

    class Dumper(yaml.CSafeDumper):
        """Quotes what some reader would not take for text, and repeats values rather than refer to them."""

        def ignore_aliases(self, data: Any) -> bool:
            del data
            return True

    def text(dumper: yaml.CSafeDumper, given: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", given, style='"' if _NO_TEXT.fullmatch(given) else None)

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=2**20)
    return dumped


def printable(text: str) -> str:
    """Return the text with a mark for each control character: what came from outside must not steer a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
