"""Which requests an Envoy route takes, from its `match`: what can be compared with an HTTPRouteGroup. Pure.

Routes have conditions that nothing here can describe: a share of the requests, the parameters of a query, a
certificate. Such a route's requests are then known to be some of a larger set, and `exact` says so.

Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.translate.envoy_fields import items, value_of
from legation.translate.request_sets import ANYTHING, Form, Pattern, Requests

_PATHS = ("path", "prefix", "path_separated_prefix", "safe_regex", "regex")
_KNOWN = frozenset((*_PATHS, "pathSeparatedPrefix", "safeRegex", "headers", "case_sensitive", "caseSensitive"))
_FORMS = {"path": Form.EXACT, "prefix": Form.PREFIX, "path_separated_prefix": Form.SEPARATED}
_METHOD = ":method"
_HEADER_FIELDS = frozenset(
    (
        *("name", "exact_match", "exactMatch", "prefix_match", "prefixMatch", "safe_regex_match", "safeRegexMatch"),
        *("present_match", "presentMatch", "string_match", "stringMatch"),
    )
)
"""With any other, the header does not only have to be as these say."""


def of_route(match: object) -> Requests:
    """Return the requests that a route takes, given its `match`, as raw as its owner wrote it."""
    if not isinstance(match, Mapping):
        return Requests(exact=False)
    path = _path(match)
    exact = path is not None and _KNOWN.issuperset(match)
    methods: frozenset[str] | None = None
    headers: set[tuple[str, Pattern]] = set()
    for _, header in items(match, "headers"):
        name, wanted = str(value_of(header, "name")).lower(), _wanted(header)
        if wanted is None:
            exact = False
        elif name != _METHOD:
            headers.add((name, wanted))
        elif (named := _methods(wanted)) is None:
            exact = False
        else:
            methods = named if methods is None else methods & named
    return Requests(path=path or ANYTHING, methods=methods, headers=frozenset(headers), exact=exact)


def _path(match: Mapping[str, Any]) -> Pattern | None:
    """Return what is known of the path, or None if that is nothing."""
    for name in _PATHS:
        found = value_of(match, name)
        text = value_of(found, "regex") if name == "safe_regex" else found
        if isinstance(text, str):
            pattern = Pattern(_FORMS[name], text) if name in _FORMS else Pattern.of_regex(text)
            pattern = pattern.of_paths()
            return pattern if value_of(match, "case_sensitive") is not False or pattern == ANYTHING else None
    return None


def _wanted(header: Mapping[str, Any]) -> Pattern | None:
    """Return what the value of a header has to be, or None if that cannot be said."""
    if not _HEADER_FIELDS.issuperset(header):
        return None
    string = value_of(header, "string_match")
    if isinstance(string, Mapping) and value_of(string, "ignore_case"):
        return None
    for form in (Form.EXACT, Form.PREFIX):
        for text in (value_of(header, f"{form.value}_match"), value_of(string, form.value)):
            if isinstance(text, str):
                return Pattern(form, text)
    for text in (value_of(header, "safe_regex_match", "regex"), value_of(string, "safe_regex", "regex")):
        if isinstance(text, str):
            return Pattern.of_regex(text)
    says_more = string is not None or value_of(header, "present_match") is False
    return None if says_more else ANYTHING


def _methods(wanted: Pattern) -> frozenset[str] | None:
    if wanted.form is Form.EXACT:
        return frozenset({wanted.text})
    names = wanted.text.removeprefix("(").removesuffix(")").split("|") if wanted.form is Form.REGEX else []
    return frozenset(names) if names and all(each.isalpha() for each in names) else None
