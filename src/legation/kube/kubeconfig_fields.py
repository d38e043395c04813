"""Reads fields of a kubeconfig, one at a time, and says where something is that cannot be what it is.

It knows types and places. It refuses to know what the fields mean. Invariant: no error shows a value.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from legation.errors import KubeConfigError
from legation.small_files import why
from legation.tls.pem import Pem


class Fields:
    """A mapping in a file, and where it stands there."""

    def __init__(self, values: Mapping[str, Any], *, file: Path, place: str = "") -> None:
        self._values = values
        self._file = file
        self._place = place

    @property
    def file(self) -> Path:
        """Where all this stands; paths in it begin at its folder."""
        return self._file

    def wrong(self, name: str, what: str) -> KubeConfigError:
        """Return the error for a field; without a name, for the mapping itself."""
        place = ".".join(filter(None, (self._place, name)))
        return KubeConfigError(f"{self._file}: {place + ': ' if place else ''}{what}")

    def text(self, name: str) -> str:
        """Return a text; empty if there is none."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, f"it must be text, and is {_type(value)}; put it in quotes")
        return value

    def flag(self, name: str) -> bool:
        """Return a truth value; false if there is none."""
        value = self._values.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.wrong(name, f"it must be true or false, and is {_type(value)}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        values = self._list(name)
        if not all(isinstance(each, str) for each in values):
            raise self.wrong(name, "it must be a list of texts; put each in quotes")
        return tuple(values)

    def child(self, name: str) -> Fields | None:
        """Return a mapping inside this one, if there is one."""
        value = self._values.get(name)
        if value is None:
            return None
        return self._child(value, name)

    def children(self, name: str) -> Iterator[Fields]:
        """Yield the mappings of a list."""
        for number, each in enumerate(self._list(name)):
            yield self._child(each, f"{name}[{number}]")

    def lists(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """Return a mapping of texts to lists of texts."""
        fields = self.child(name)
        return {} if fields is None else {key: fields.texts(key) for key in fields.names()}

    def names(self) -> tuple[str, ...]:
        """Return the names of all fields."""
        return tuple(self._values)

    def raw(self, name: str) -> Any:
        """Return whatever is there."""
        return self._values.get(name)

    def path(self, name: str) -> str:
        """Return the path of a file that can be read; a relative one begins where the kubeconfig is."""
        written = self.text(name)
        if not written:
            return ""
        path = self._file.parent / written
        try:
            path.read_bytes()
        except OSError as error:
            raise self.wrong(name, f"{path} cannot be read: {why(error)}") from error
        return str(path)

    def pem(self, name: str) -> Pem:
        """Return what `<name>-data` holds, or the file that `<name>` tells."""
        data = self.text(f"{name}-data")
        if not data:
            return Pem(file=self.path(name))
        try:
            decoded = base64.b64decode(data, validate=False)
        except (binascii.Error, ValueError):
            raise self.wrong(f"{name}-data", "it is not base64") from None
        if b"-----BEGIN" not in decoded:
            raise self.wrong(f"{name}-data", "what is in it, once decoded, is not PEM")
        return Pem(data=decoded)

    def _list(self, name: str) -> list[Any]:
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, f"it must be a list, and is {_type(value)}")
        return value

    def _child(self, value: object, name: str) -> Fields:
        if not isinstance(value, dict):
            raise self.wrong(name, f"it must be a mapping, and is {_type(value)}")
        return Fields(value, file=self._file, place=f"{self._place}.{name}" if self._place else name)

    def at(self, place: str) -> Fields:
        """Return the same under a place that says more: a name instead of a number."""
        return Fields(self._values, file=self._file, place=place)


def read(path: Path) -> Fields:
    """Return what a file holds.

    Raises:
        FileNotFoundError: There is no such file.
        KubeConfigError: It cannot be read, or is no YAML.
    """
    try:
        content = path.read_text(encoding="utf-8")
        value = yaml.load(content, Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KubeConfigError(f"{path}: it cannot be read: {why(error)}") from error
    except UnicodeDecodeError:
        raise KubeConfigError(f"{path}: it is no text in UTF-8") from None
    # Neither its words nor what it stands on: the line may hold a token.
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise KubeConfigError(f"{path}: line {line}: it is not YAML ({error.problem})") from None
    except yaml.YAMLError:
        raise KubeConfigError(f"{path}: it is not YAML") from None
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise KubeConfigError(f"{path}: it must be a mapping, and is {_type(value)}; is it a kubeconfig?")
    return Fields(value, file=path)


def _type(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return f"a {type(value).__name__}"
