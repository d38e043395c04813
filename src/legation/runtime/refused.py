"""What is told of resources that Envoys refuse: how many do, in which words, and what of its object they mean. Pure.

It refuses to know who refuses what: that is handed in. A problem is about the object that made the resource; its text
holds Envoy's words, cut, and nothing else of the content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from legation.envoy.pointed import pointed
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.problems import Problem
from legation.model.proxy_status import RefusedResource
from legation.model.resource import Name
from legation.model.resource_types import ResourceType

if TYPE_CHECKING:
    # With it comes all of Envoy's schema, which who serves raw state as bytes does without.
    from legation.runtime.item import Item
    from legation.runtime.read import Reading

RefusedName: TypeAlias = tuple[ResourceType, str, ObjectKey | None]
"""Type, name and origin of a resource that is refused."""
SHOWN_SUSPECTS = 5
"""Names that a problem tells of where Envoy may have meant any of many resources."""
SHOWN_REASONS = 3
"""Reasons that are told of one resource where Envoys refuse it for several."""


def named_problem(refused: Sequence[RefusedResource], *, told: int, agents: Collection[str] = ()) -> Problem:
    """Return the problem of one resource.

    Args:
        refused: What each Envoy that refuses it says.
        told: How many Envoys were told of it and have answered.
        agents: The programs of those that refuse it, where others accept it: `envoy 1.30.1`.
    """
    row, name = refused[0].type, refused[0].name
    who = f"{len(refused)} of {told} Envoys"
    if agents:
        who += f" (all of {' or '.join(sorted(agents))})"
    return Problem(
        code="refused",
        message=f'{row.name} "{name}" is refused by {who}: {_reasons(refused)}',
        object=refused[0].origin,
    )


def _reasons(refused: Iterable[RefusedResource]) -> str:
    """Return the words, those of the most Envoys first; how many say what, where that is not all the same."""
    counts = sorted(Counter(each.words for each in refused).items(), key=lambda each: (-each[1], each[0]))
    if len(counts) == 1:
        return counts[0][0]
    told = "; ".join(f"{words} ({number})" for words, number in counts[:SHOWN_REASONS])
    more = len(counts) - SHOWN_REASONS
    return f"{told}; and {more} more reasons" if more > 0 else told


def unnamed_problem(refused: Sequence[RefusedResource]) -> Problem:
    """Return the problem of resources of one type of which nobody knows who is to blame."""
    made = {each.name: each.origin for each in refused}
    names = sorted(made)
    (origin, *others) = set(made.values())
    shown = ", ".join(_suspect(name, made[name] if others else None) for name in names[:SHOWN_SUSPECTS])
    first = refused[0]
    told = f"; {first.parked.value}" if first.parked is not None else ""
    return Problem(
        code="parked",
        message=f"an Envoy refuses some of {len(names)} {first.type.name} resources{told}: {first.words}",
        object=None if others else origin,
        mend=f"look at {shown}{', ...' if len(names) > SHOWN_SUSPECTS else ''}",
    )


def _suspect(name: str, origin: ObjectKey | None) -> str:
    return name if origin is None else f"{name} ({origin})"


def blamed(
    problem: Problem,
    named: Name,
    *,
    reading: Reading | None,
    met: Mapping[ObjectKey, Collection[Name]],
    referrers: Callable[[ResourceType, str], Collection[ObjectKey]],
    place: Callable[[ManifestObject, FieldPath], Place | None],
    where: Callable[[Item], FieldPath] | None = None,
) -> Problem:
    """Return the problem of a resource with all that is known of where it comes from.

    Args:
        problem: The problem, of the object that made the resource.
        named: The resource.
        reading: What that object makes now; None: it is no object that is read.
        met: The objects that say something of the resources of others, and of which.
        referrers: Returns the objects for which a resource is made of a Service or a Secret.
        place: Returns where in its source a field of an object stands.
        where: Returns which field of the object is meant; None: the words of the problem tell.
    """
    row, name = named
    if reading is None:
        return with_others(problem, named_by=referrers(row, name))
    manifest = reading.manifest
    items = (item for item in reading.items if (item.resource.type, item.resource.name) == named)
    item = next(items, None)
    path = () if item is None else item.path
    if where is None or item is None:
        found = at_its_field(problem, manifest=manifest, path=path, name=name)
    else:
        found = replace(problem, path=where(item))
    found = replace(found, place=place(manifest, found.path))
    namespace = manifest.key.namespace
    others = [each for each, names in met.items() if each.namespace == namespace and named in names]
    return with_others(found, amended_by=others)


def at_its_field(problem: Problem, *, manifest: ManifestObject, path: FieldPath, name: str) -> Problem:
    """Return the problem with the path of the field that is meant, as far as Envoy's words tell.

    Args:
        problem: The problem.
        manifest: The object, in the version that is served.
        path: Where in it the resource stands.
        name: That of the resource.
    """
    field = pointed(_at(manifest.body, path), problem.message, but={name, manifest.key.name})
    return replace(problem, path=(*path, *field))


def with_others(
    problem: Problem, *, amended_by: Collection[ObjectKey] = (), named_by: Collection[ObjectKey] = ()
) -> Problem:
    """Return the problem with the objects to look at besides its own.

    Args:
        problem: The problem.
        amended_by: Those that say something of the resource, too.
        named_by: Those for which it is made of a Service or a Secret.
    """
    also = f"{_all(amended_by)} {_verb(amended_by, 'says', 'say')} something of it, too" if amended_by else ""
    because = f"{_all(named_by)} {_verb(named_by, 'names', 'name')} it" if named_by else ""
    return replace(problem, mend="; ".join(filter(None, (problem.mend, also, because))))


def _verb(keys: Collection[ObjectKey], one: str, many: str) -> str:
    return one if len(keys) == 1 else many


def _all(keys: Iterable[ObjectKey]) -> str:
    every = [str(each) for each in sorted(keys)]
    more = len(every) - SHOWN_SUSPECTS
    return ", ".join(every[:SHOWN_SUSPECTS]) + (f", and {more} more" if more > 0 else "")


def _at(value: Any, path: FieldPath) -> Any:
    """Return what stands at a path of an object; None where nothing does."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
