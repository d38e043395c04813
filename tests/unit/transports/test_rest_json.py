"""Bodies of REST responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER
from legation.model.snapshot import collect
from legation.protocol.messages import SotwResponse
from legation.transports import rest_json
from legation.transports.rest_json import RestEncoder

if TYPE_CHECKING:
    import pytest


def _resource(name: str, body: bytes = b"") -> Resource:
    return Resource(type=CLUSTER, name=name, body=body or b"\x0a" + bytes([len(name)]) + name.encode(), version=name)


def test_a_response_says_who_made_it_and_what_is_in_it() -> None:
    """In the names of the protos."""
    response = SotwResponse(type=CLUSTER, version="v", nonce="7", listed=(_resource("a"), _resource("b")))
    assert json.loads(RestEncoder(identifier="one").encode(response)) == {
        "version_info": "v",
        "type_url": CLUSTER.url,
        "nonce": "7",
        "control_plane": {"identifier": "one"},
        "resources": [{"@type": CLUSTER.url, "name": "a"}, {"@type": CLUSTER.url, "name": "b"}],
    }


def test_a_resource_and_a_collection_are_written_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many get them."""
    written: list[str] = []

    def note(resource: Resource) -> bytes:
        written.append(resource.name)
        return b"{}"

    monkeypatch.setattr(rest_json, "proto_json", note)
    encoder = RestEncoder()
    a, b, c = map(_resource, "abc")
    whole = collect(CLUSTER, (a, b))
    for nonce in ("1", "2"):
        encoder.encode(SotwResponse(type=CLUSTER, version="v", nonce=nonce, whole=whole))
        encoder.encode(SotwResponse(type=CLUSTER, version="v", nonce=nonce, listed=(b, c)))
    assert written == ["a", "b", "c"]


def test_what_json_cannot_say_is_left_out_and_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The others go on."""
    response = SotwResponse(type=CLUSTER, version="v", nonce="1", listed=(_resource("bad", b"\xff"), _resource("a")))
    encoder = RestEncoder()
    for _ in range(2):
        assert [each["name"] for each in json.loads(encoder.encode(response))["resources"]] == ["a"]
    assert capsys.readouterr().out.count("left out") == 1
