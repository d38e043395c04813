"""What the documents of discovery tell of a kind."""

from __future__ import annotations

import msgspec
import pytest

from legation.kube.discovery import Doubt
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
