"""Templates: `spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}` and the like, matched and filled. Pure.

A variable stands for a part of a name and never for more than one: it crosses no `/` of a URI and no dot of a DNS name.
Its value is what the part says when its percent-encoding is undone, once; what cannot be undone matches nothing. Where
there is a doubt there is no match, for what matches lets somebody in.

Sources: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md (2, 2.1 to 2.3),
https://www.rfc-editor.org/rfc/rfc3986 (2.1, 3), https://www.rfc-editor.org/rfc/rfc5280 (4.2.1.6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

Variables: TypeAlias = Mapping[str, str]
"""The value of each variable."""

LONGEST = 2048
"""Characters of a name that is looked at: SPIFFE's own limit of an ID in bytes."""

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_GRAMMARS: Mapping[str, re.Pattern[str]] = {
    # https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
    "namespace": re.compile(_LABEL),
    "service_account": re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?"),
    "pod": re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?"),
    "trust_domain": re.compile(r"[-a-z0-9._]{1,255}"),
}
"""What a variable of that name can be at most. A namespace with a dot could pass for a name and another namespace."""
_ANY = re.compile(r"[^\x00-\x1f\x7f]+")

_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_PART = re.compile(r"([^{}]*)(?:\{([a-z][a-z0-9_]*)\}([^{}]*))?")
_DNS_LABEL = re.compile(r"[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?")
_URI = re.compile(r"([A-Za-z][-A-Za-z0-9+.]*)://([^/?#]+)((?:/[^/?#]+)*)")
_SCHEME = re.compile(r"[A-Za-z][-A-Za-z0-9+.]*")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_RELATIVE = frozenset({".", ".."})


class TemplateFault(ValueError):
    """Why a text is no template: in words, and how to mend it."""

    def __init__(self, message: str, *, mend: str) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a name: what stands around at most one variable."""

    before: str
    variable: str = ""
    after: str = ""

    def match(self, text: str, *, encoded: bool) -> Variables | None:
        """Return what the variable is; None where the part is another."""
        if not self.variable:
            return {} if text == self.before else None
        around = len(self.before) + len(self.after)
        if len(text) <= around or not (text.startswith(self.before) and text.endswith(self.after)):
            return None
        raw = text[len(self.before) : len(text) - len(self.after)]
        value = _decoded(raw) if encoded else raw
        grammar = _GRAMMARS.get(self.variable, _ANY)
        return None if value is None or not grammar.fullmatch(value) else {self.variable: value}


@dataclass(frozen=True, slots=True)
class UriTemplate:
    """A URI with variables. Scheme and authority are compared without regard to case, the path as it is."""

    text: str
    _scheme: str
    _authority: tuple[_Part, ...]
    _path: tuple[_Part, ...]

    @property
    def variables(self) -> frozenset[str]:
        """The names of all variables."""
        return _names((*self._authority, *self._path))

    def match(self, name: str) -> Variables | None:
        """Return the value of each variable; None where the name is none of these.

        What has a query, a fragment, a user, a port, an empty part or one that is `.` or `..` is none.
        """
        found = _URI.fullmatch(name) if len(name) <= LONGEST and name.isascii() else None
        if found is None or found[1].lower() != self._scheme:
            return None
        authority, segments = found[2].lower(), found[3].split("/")[1:]
        if ":" in authority or "@" in authority or not _RELATIVE.isdisjoint(segments):
            return None
        of_authority = _match_authority(self._authority, authority)
        if of_authority is None:
            return None
        return _match_all(self._path, segments, of_authority, encoded=True)


@dataclass(frozen=True, slots=True)
class DnsTemplate:
    """A DNS name with variables, compared without regard to case."""

    text: str
    _labels: tuple[_Part, ...]

    @property
    def variables(self) -> frozenset[str]:
        """The names of all variables."""
        return _names(self._labels)

    def match(self, name: str) -> Variables | None:
        """Return the value of each variable; None where the name is none of these. A wildcard is no name."""
        labels = name.lower().split(".") if len(name) <= LONGEST and name.isascii() else []
        if not labels or not all(map(_DNS_LABEL.fullmatch, labels)):
            return None
        return _match_all(self._labels, labels, {}, encoded=False)


@dataclass(frozen=True, slots=True)
class AccountTemplate:
    """A service account, `<namespace>/<name>`, with variables."""

    text: str
    _parts: tuple[_Part, ...]

    @property
    def variables(self) -> frozenset[str]:
        """The names of all variables."""
        return _names(self._parts)

    def match(self, namespace: str, name: str) -> Variables | None:
        """Return the value of each variable; None where it is another service account."""
        return _match_all(self._parts, [namespace, name], {}, encoded=False)


@dataclass(frozen=True, slots=True)
class Filling:
    """A text whose variables are replaced by what they are."""

    text: str

    @property
    def variables(self) -> frozenset[str]:
        """The names of all variables."""
        return frozenset(_VARIABLE.findall(self.text))

    def fill(self, variables: Variables) -> str:
        """Return the text."""
        return _VARIABLE.sub(lambda found: variables[found[1]], self.text)


def uri_template(text: str) -> UriTemplate:
    """Read the template of a URI.

    Raises:
        TemplateFault: It is none.
    """
    scheme, colon, rest = text.partition("://")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise TemplateFault(
            "this is no URI with a host and a path",
            mend="write it as spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}",
        )
    authority, *segments = rest.split("/")
    odd = not authority or ":" in authority or "" in segments or not _RELATIVE.isdisjoint(segments)
    if odd or set(rest) & set("?#@ "):
        raise TemplateFault(
            "it has what no certificate is matched by: an empty part, `.`, `..`, a query, a fragment, a user or a port",
            mend="leave it out",
        )
    whole = _VARIABLE.fullmatch(authority)
    # A trust domain is a name as a whole.
    host = (_Part("", whole[1]),) if whole else _parts(authority.split("."), lower=True)
    path = _parts(segments)
    _refuse_twice((*host, *path))
    return UriTemplate(text, scheme.lower(), host, path)


def dns_template(text: str) -> DnsTemplate:
    """Read the template of a DNS name.

    Raises:
        TemplateFault: It is none.
    """
    labels = text.split(".")
    plain = _VARIABLE.sub("x", text).lower().split(".")
    if not all(map(_DNS_LABEL.fullmatch, plain)):
        raise TemplateFault("this is no DNS name", mend="write it as {pod}.{namespace}.pods.example.org")
    parts = _parts(labels, lower=True)
    _refuse_twice(parts)
    return DnsTemplate(text, parts)


def account_template(text: str) -> AccountTemplate:
    """Read the template of a service account.

    Raises:
        TemplateFault: It is none.
    """
    parts = text.split("/")
    if len(parts) != 2 or "" in parts:
        raise TemplateFault("this is no service account", mend="write it as NAMESPACE/NAME")
    read = _parts(parts)
    _refuse_twice(read)
    return AccountTemplate(text, read)


def filling(text: str) -> Filling:
    """Read a text with variables.

    Raises:
        TemplateFault: A brace stands for nothing.
    """
    if set(_VARIABLE.sub("", text)) & set("{}"):
        raise TemplateFault("it has a brace that belongs to no variable", mend="write variables as {name}")
    return Filling(text)


def unparted(made: Filling, template: UriTemplate | DnsTemplate | AccountTemplate) -> tuple[str, str] | None:
    """Return two variables of which nobody could tell where one ends and the other begins; None: all can be told.

    It can be told if, read from the left, a character follows each that it cannot hold, or one stands before each, read
    from the right. Else two names that are shown could be one and the same in what is made of them.
    """
    # Texts and variables take turns.
    pieces = _VARIABLE.split(made.text)
    names, between = pieces[1::2], pieces[2:-1:2]
    if len(set(names)) < 2:
        return None
    from_left = [each for each in zip(names, between, strict=False) if not _ends_at(*each, template)]
    from_right = [each for each in zip(names[1:], between, strict=True) if not _ends_at(*each, template)]
    if not from_left or not from_right:
        return None
    return next(
        (one, other)
        for one, text, other in zip(names, between, names[1:], strict=False)
        if not _ends_at(one, text, template) or not _ends_at(other, text, template)
    )


def _ends_at(variable: str, text: str, template: UriTemplate | DnsTemplate | AccountTemplate) -> bool:
    """Whether some character of a text is none that a variable can hold."""
    grammars = [_GRAMMARS.get(variable, _ANY), *([_DNS_LABEL] if isinstance(template, DnsTemplate) else ())]
    return any(not all(grammar.fullmatch(f"a{character}a") for grammar in grammars) for character in text)


def _parts(texts: list[str], *, lower: bool = False) -> tuple[_Part, ...]:
    found: list[_Part] = []
    for text in texts:
        read = _PART.fullmatch(text)
        if read is None:
            raise TemplateFault(
                "it has a part with several variables, or a brace that belongs to none",
                mend="have one {variable} in each part: what stands for which could not be told",
            )
        before, after = read[1], read[3] or ""
        found.append(
            _Part(before.lower(), read[2] or "", after.lower()) if lower else _Part(before, read[2] or "", after)
        )
    return tuple(found)


def _refuse_twice(parts: Iterable[_Part]) -> None:
    names = [part.variable for part in parts if part.variable]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TemplateFault(f"it has the variable {{{twice}}} twice", mend="call the second one something else")


def _names(parts: Iterable[_Part]) -> frozenset[str]:
    return frozenset(part.variable for part in parts if part.variable)


def _match_authority(parts: tuple[_Part, ...], authority: str) -> Variables | None:
    if len(parts) == 1 and parts[0].variable and not (parts[0].before or parts[0].after):
        return parts[0].match(authority, encoded=False)
    return _match_all(parts, authority.split("."), {}, encoded=False)


def _match_all(parts: tuple[_Part, ...], texts: list[str], known: Variables, *, encoded: bool) -> Variables | None:
    if len(parts) != len(texts):
        return None
    found = dict(known)
    for part, text in zip(parts, texts, strict=True):
        more = part.match(text, encoded=encoded)
        if more is None:
            return None
        found.update(more)
    return found


def _decoded(raw: str) -> str | None:
    """Return what stands there when its percent-encoding is undone, once; None where it cannot be."""
    if "%" not in raw:
        return raw
    if _ESCAPE.search(raw):
        return None
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return None
