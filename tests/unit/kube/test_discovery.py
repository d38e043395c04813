"""What the documents of discovery tell of a kind."""

from __future__ import annotations

import msgspec
import pytest

from legation.kube.discovery import Doubt
from legation.model.api_kinds import ApiKind
from tests.unit.kube.api_model import THINGS, groups, resources
from tests.unit.kube.watch_driver import NOT_FOUND

HERE, THERE = "/apis", "/apis/example.com/v1"


def told(*bodies: bytes) -> tuple[bool | None, str]:
    """Return what is known after these answers, and what would be asked next."""
    doubt, found = Doubt(THINGS, NOT_FOUND), None
    for body in bodies:
        found = doubt.told(body)
    return found, doubt.path


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([groups("example.com/v1")], (None, THERE)),
        ([groups("apps/v1", "example.com/v1")], (None, THERE)),
        ([groups("apps/v1", "example.com/v2")], (False, HERE)),
        ([groups()], (False, HERE)),
        ([groups("example.com/v1"), resources("things", "others")], (True, THERE)),
        ([groups("example.com/v1"), resources("others", "things/status")], (False, THERE)),
    ],
)
def test_a_kind_is_there_if_its_group_its_version_and_its_plural_are(
    bodies: list[bytes], expected: tuple[bool | None, str]
) -> None:
    assert told(*bodies) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html>",
        b'{"kind": "APIGroupList"}',
        b'{"kind": "APIGroupList", "groups": null}',
        b'{"kind": "APIGroupList", "groups": [{"name": "example.com"}]}',
        b'{"groups": []}',
        groups("example.com/v1", kind="APIGroup"),
        resources("things"),
        b"[" * 100_000,
    ],
)
def test_what_is_no_list_of_groups_tells_nothing(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        told(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"kind": "APIResourceList", "groupVersion": "example.com/v1"}',
        b'{"kind": "APIResourceList", "resources": []}',
        groups("example.com/v1"),
        resources("others", version="example.com/v2"),
        resources("others", kind="Status"),
    ],
)
def test_what_is_no_list_of_kinds_tells_nothing(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        told(groups("example.com/v1"), body)


SPLITS = ApiKind(group="smi.io", version="v3", kind="Split", plural="splits", older=("v2", "v1"))


def splits(version: str, *plurals: str) -> bytes:
    return resources(*plurals, version=f"smi.io/{version}")


@pytest.mark.parametrize(
    ("bodies", "path", "found"),
    [
        ([groups("smi.io/v1", "smi.io/v2", "smi.io/v9")], "/apis/smi.io/v2", None),
        ([groups("smi.io/v1", "smi.io/v2"), splits("v2", "splits")], "/apis/smi.io/v2", "v2"),
        ([groups("smi.io/v1", "smi.io/v2"), splits("v2", "others")], "/apis/smi.io/v1", None),
        ([groups("smi.io/v1", "smi.io/v2"), splits("v2"), splits("v1", "splits")], "/apis/smi.io/v1", "v1"),
        ([groups("smi.io/v1", "smi.io/v3"), splits("v3", "splits")], "/apis/smi.io/v3", "v3"),
    ],
)
def test_of_several_versions_the_newest_is_found_that_has_the_plural(
    bodies: list[bytes], path: str, found: str | None
) -> None:
    doubt = Doubt(SPLITS)
    for body in bodies[:-1]:
        assert doubt.told(body) is None
    assert doubt.told(bodies[-1]) is (True if found else None)
    assert doubt.path == path
    assert (doubt.found.version if doubt.found else None) == found


def test_if_no_version_has_it_there_is_none() -> None:
    doubt = Doubt(SPLITS)
    assert doubt.told(groups("smi.io/v1", "smi.io/v2")) is None
    assert doubt.told(splits("v2")) is None
    assert doubt.told(splits("v1")) is False
    assert Doubt(SPLITS).told(groups("smi.io/v9")) is False
