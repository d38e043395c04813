"""What a file of Envoy's is: a DiscoveryResponse, by its fields, and what one file may hold. Pure.

Two read such files. `legation sync` puts them before Envoy as they are, so they have to be what Envoy takes. In server
mode nobody but us reads them: there a file may also be one resource alone, and fields beside the resources do no harm.

What Envoy does with which file was tried with Envoy 1.40. A field that it does not know it leaves out, unless it is
started with `--reject-unknown-dynamic-fields`: a file without `resources` is then one that removes all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from legation.model.names import canonical
from legation.model.objects import FieldPath
from legation.model.problems import Level, Problem
from legation.model.resource import Name
from legation.model.resource_types import (
    BY_URL,
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LISTENER,
    ROUTE_CONFIGURATION,
    RUNTIME,
    SCOPED_ROUTE,
    SECRET,
    TYPE_URL_PREFIX,
    ResourceType,
)
from legation.translate.faults import kind_of
from legation.translate.spelling import did_you_mean

ENDINGS = (".yaml", ".yml", ".json")
"""How the name of a file ends that is read as YAML or JSON."""
MESSAGE = "envoy.service.discovery.v3.DiscoveryResponse"
TYPE, RESOURCES = "@type", "resources"
FIELDS = frozenset(
    {
        RESOURCES,
        "canary",
        "control_plane",
        "controlPlane",
        "nonce",
        "resource_errors",
        "resourceErrors",
        "type_url",
        "typeUrl",
        "version_info",
        "versionInfo",
    }
)
"""Those of a DiscoveryResponse, in both spellings."""
_URL = TYPE_URL_PREFIX + MESSAGE
_UNKNOWN = "unknown-field"
_NO_RESPONSE = "no-discovery-response"
_MEND_UNKNOWN = "remove it: Envoy leaves it out, or refuses the file if it has --reject-unknown-dynamic-fields"
_MEND_RESPONSE = "write resources: and the resources below it, as a list"
_SERVICES = {
    "cds": CLUSTER,
    "ecds": EXTENSION_CONFIG,
    "eds": CLUSTER_LOAD_ASSIGNMENT,
    "lds": LISTENER,
    "rds": ROUTE_CONFIGURATION,
    "rtds": RUNTIME,
    "sds": SECRET,
    "srds": SCOPED_ROUTE,
}
"""What files are called by."""
_WORD = re.compile(r"[a-z0-9]+", re.ASCII)


class Reader(Enum):
    """Who reads a file."""

    ENVOY = auto()
    SERVER = auto()


class Shape(Enum):
    """What a file is."""

    RESPONSE = auto()
    RESOURCE = auto()
    """One resource alone."""
    OTHER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryFile:
    """What was found in the value of a file. Paths begin at its top; of which object it is, the caller knows."""

    shape: Shape
    members: tuple[tuple[FieldPath, Mapping[str, Any]], ...] = field(default=(), repr=False)
    """The resources, as raw as their owner wrote them, and where they stand."""
    count: int = 0
    """How many there are with those that are no maps."""
    problems: tuple[Problem, ...] = ()


def named_type(key: str) -> ResourceType | None:
    """Return the type after whose service a file is called and nothing else: `cds.yaml`."""
    return _SERVICES.get(_stem(key)) if key.endswith(ENDINGS) else None


def _stem(key: str) -> str:
    return key.rpartition(".")[0].casefold()


def _likely_type(key: str) -> ResourceType | None:
    """Return the type of which its name speaks: `edge-rds.yaml`."""
    found = {_SERVICES[word] for word in _WORD.findall(_stem(key)) if word in _SERVICES}
    return found.pop() if len(found) == 1 else None


def read(value: object, *, key: str, reader: Reader) -> DiscoveryFile:
    """Return what the value of a file is.

    Args:
        value: What is read of its text.
        key: Its name.
        reader: Who reads it. Envoy's files stand among others that are not for it: a file that is not called after a
            service, and has no sign of being one, is none.
    """
    is_meant = reader is Reader.SERVER or named_type(key) is not None
    if not isinstance(value, Mapping):
        message = f"a DiscoveryResponse is a map, this is {kind_of(value)}: Envoy refuses it"
        return _other(reader, message, is_meant=is_meant)
    if value.get(TYPE, _URL) == _URL and (RESOURCES in value or (is_meant and value.keys() <= FIELDS | {TYPE})):
        members, misfits = _members(value.get(RESOURCES))
        problems = (*_unknown_fields(value, reader), *misfits)
        return DiscoveryFile(
            shape=Shape.RESPONSE, members=members, count=len(members) + len(misfits), problems=problems
        )
    if value.get(TYPE, _URL) != _URL:
        if reader is Reader.SERVER:
            return DiscoveryFile(shape=Shape.RESOURCE, members=(((), value),), count=1)
        message = "this is one resource alone: Envoy takes such a file for one without resources"
        return _other(reader, message, is_meant=is_meant or str(value[TYPE]) in BY_URL)
    slips = tuple(_slips(value, reader, is_meant=is_meant))
    if slips:
        return DiscoveryFile(shape=Shape.OTHER, problems=slips)
    return _other(reader, "this has no resources: Envoy takes it for a file that removes all", is_meant=is_meant)


def _other(reader: Reader, message: str, *, is_meant: bool) -> DiscoveryFile:
    if reader is Reader.SERVER or not is_meant:
        return DiscoveryFile(shape=Shape.OTHER)
    problem = Problem(code=_NO_RESPONSE, message=message, mend=_MEND_RESPONSE)
    return DiscoveryFile(shape=Shape.OTHER, problems=(problem,))


def _slips(value: Mapping[str, Any], reader: Reader, *, is_meant: bool) -> Iterator[Problem]:
    """Yield the fields of a file without resources that are meant to be these, or its type."""
    known = (RESOURCES, TYPE) if reader is Reader.SERVER else (RESOURCES,)
    for name, each in value.items():
        mend = "" if name in known else did_you_mean(name, known)
        if mend and (is_meant or _holds_resources(each)):
            yield Problem(code=_UNKNOWN, message="nobody understands this field", path=(name,), mend=mend)


def _holds_resources(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(each, Mapping) and TYPE in each for each in value)


def _unknown_fields(value: Mapping[str, Any], reader: Reader) -> Iterator[Problem]:
    for name in value:
        if name in FIELDS:
            continue
        meant = did_you_mean(name, FIELDS)
        level, mend = Level.ERROR, meant or _MEND_UNKNOWN
        if name == TYPE:
            # It says what the file is, and changes nothing.
            level, mend = Level.WARNING, _MEND_UNKNOWN
        elif reader is Reader.SERVER and not meant:
            # The resources alone are served: nothing gets lost with a field that resembles none.
            level = Level.WARNING
        if name != TYPE or reader is Reader.ENVOY:
            message = "a DiscoveryResponse has no such field"
            yield Problem(code=_UNKNOWN, message=message, level=level, path=(name,), mend=mend)


def _members(
    listed: object,
) -> tuple[tuple[tuple[FieldPath, Mapping[str, Any]], ...], tuple[Problem, ...]]:
    if listed is None:
        return (), ()
    code = "invalid-config"
    if not isinstance(listed, list):
        message = f"resources must be a list, this is {kind_of(listed)}"
        return (), (Problem(code=code, message=message, path=(RESOURCES,)),)
    members: list[tuple[FieldPath, Mapping[str, Any]]] = []
    misfits: list[Problem] = []
    for index, each in enumerate(listed):
        path: FieldPath = (RESOURCES, index)
        if isinstance(each, Mapping):
            members.append((path, each))
        else:
            message = f"a resource must be a map, this is {kind_of(each)}"
            misfits.append(Problem(code=code, message=message, path=path))
    return tuple(members), tuple(misfits)


# ---------------------------------------------------------------------------------------------- what goes into one file


def what_does_not_go_together(members: Iterable[tuple[FieldPath, Name]], *, key: str, count: int) -> Iterator[Problem]:
    """Yield why Envoy refuses a file though it would take each of its resources.

    Args:
        members: The resources that are what they should be, and where they stand.
        key: The name of the file.
        count: How many resources stand in it, with those that cannot be read.
    """
    known = list(members)
    rows = list(dict.fromkeys(row for _, (row, _) in known))
    likely = _likely_type(key)
    if len(rows) > 1:
        path = next(path for path, (row, _) in known if row is not rows[0])
        message = f"a file holds resources of one type: this is a {rows[1].name}, above it is a {rows[0].name}"
        yield Problem(code="mixed-types", message=message, path=path, mend="give each type a file of its own")
        return
    row = rows[0] if rows else likely
    if row is None or (count and not rows):
        return
    if not row.sotw_method:
        message = f"Envoy takes a {row.name} from no file"
        yield Problem(code="not-by-file", message=message, path=known[0][0], mend="write it inline")
    elif not row.full_state and count != 1:
        message = f"Envoy takes exactly one {row.name} from a file, this one has {count or 'none'}"
        mend = "give each a file of its own" if count else "write it, with nothing but its name if need be"
        yield Problem(code="not-one-resource", message=message, path=(RESOURCES,), mend=mend)
    else:
        yield from _doubles(known)
    if likely is not None and likely is not row:
        message = f"by its name this is a file of {likely.name}, but it holds {row.name}"
        yield Problem(
            code="unlikely-type",
            message=message,
            level=Level.WARNING,
            mend="Envoy refuses it where it reads another type: check who reads it, or rename the key",
        )


def _doubles(members: Iterable[tuple[FieldPath, Name]]) -> Iterator[Problem]:
    seen: set[Name] = set()
    for path, (row, name) in members:
        one = (row, canonical(name))
        if one in seen:
            message = f"this file has a {row.name} of that name already: Envoy refuses the second one"
            yield Problem(code="duplicate-resource", message=message, path=path, mend="take one out")
        seen.add(one)
