"""One object, applied by somebody: what is stored then, or who is in the way. Pure.

Revision, moment and uid are handed in. Preconditions that the object itself says are looked at here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from legation.errors import OwnedField
from legation.model.objects import show_path
from legation.model.stored import Fields, Outcome, Owner, Precondition, StoredObject
from legation.sources.stored.given import Given
from legation.sources.stored.owned import NOTHING, Merge, without, without_given_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who applies, and how."""

    manager: str
    force: bool
    moment: str
    """Now, RFC 3339 in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What becomes of an object."""

    outcome: Outcome
    stored: StoredObject
    """Not changed: the very same as before. Created or changed: without a resourceVersion of its own yet."""


def applied(live: StoredObject | None, given: Given, *, hand: Hand, uid: str) -> Result | list[OwnedField]:
    """Return what becomes of an object that somebody applies, or the fields that others set to something else.

    Args:
        live: As it is; None if it is not there.
        given: What is applied.
        hand: Who applies it.
        uid: What a new object gets.

    Raises:
        VersionConflict: It says a uid or resourceVersion that the object does not have.
    """
    Precondition(uid=given.uid, resource_version=given.resource_version).check(live, key=given.key, index=given.index)
    if live is None:
        return _created(given, hand=hand, uid=uid)
    others = [each for each in live.owners if each.manager != hand.manager]
    mine = next((each for each in live.owners if each.manager == hand.manager), None)
    merge = Merge()
    merged = merge.merged(live.body, given.content, [(each.manager, each.fields) for each in others])
    if merge.taken and not hand.force:
        return [OwnedField(index=given.index, path=show_path(path), manager=manager) for manager, path in merge.taken]
    for manager, path in merge.taken:
        others = [_less(each, without(each.fields, path)) if each.manager == manager else each for each in others]
    if mine is not None:
        # What says which object it is stays, whoever stops owning something below it.
        now: Fields = {"metadata": NOTHING, **given.fields}
        merged = without_given_up(merged, mine.fields, now, [each.fields for each in others])
    owner = _owner(mine, given, hand=hand)
    owners = _in_order([*others, *((owner,) if owner is not None else ())])
    if merged is live.body and owners == live.owners:
        return Result(outcome=Outcome.UNCHANGED, stored=live)
    metadata = {**merged["metadata"], "generation": live.generation + _differs(live.body, merged)}
    return Result(
        outcome=Outcome.CHANGED,
        stored=StoredObject(key=live.key, body={**merged, "metadata": metadata}, owners=owners),
    )


def at_revision(stored: StoredObject, revision: int) -> StoredObject:
    """Return what is stored by the change of that number."""
    metadata = {**stored.body["metadata"], "resourceVersion": str(revision)}
    return StoredObject(key=stored.key, body={**stored.body, "metadata": metadata}, owners=stored.owners)


def _created(given: Given, *, hand: Hand, uid: str) -> Result:
    metadata = {**given.content["metadata"], "uid": uid, "generation": 1, "creationTimestamp": hand.moment}
    owner = _owner(None, given, hand=hand)
    stored = StoredObject(
        key=given.key,
        body={**given.content, "metadata": metadata},
        owners=(owner,) if owner is not None else (),
    )
    return Result(outcome=Outcome.CREATED, stored=stored)


def _owner(before: Owner | None, given: Given, *, hand: Hand) -> Owner | None:
    """Return the entry of who applies; None for somebody who owns nothing."""
    version = given.content["apiVersion"]
    if before is not None and before.fields == given.fields and before.api_version == version:
        return before
    if not given.fields:
        return None
    return Owner(manager=hand.manager, api_version=version, time=hand.moment, fields=given.fields)


def _less(owner: Owner, fields: Fields) -> Owner:
    return Owner(manager=owner.manager, api_version=owner.api_version, time=owner.time, fields=fields)


def _in_order(owners: list[Owner]) -> tuple[Owner, ...]:
    return tuple(sorted((each for each in owners if each.fields), key=lambda each: each.manager))


def _differs(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Say whether something else than the metadata differs: what was not touched is the same Python object."""
    names = before.keys() | now.keys()
    return any(before.get(name) is not now.get(name) for name in names if name != "metadata")
