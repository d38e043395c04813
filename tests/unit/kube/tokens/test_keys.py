"""The keys of a cluster: which of them count, where they come from, and when they are read anew."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from legation.kube.client import Client
from legation.kube.tokens.keys import ClusterKeys, FileKeys, Keys, KeySet, Unread, keys_of
from legation.testing import FakeKube, ManualClock
from tests.unit.kube.tokens.made import PATIENCE
from tests.unit.kube.tokens.signing import ISSUER, GivenKeys, key, key_set, shown

A, B = shown(key(), "a"), shown(key(number=2), "b")


def test_keys_are_known_by_their_names() -> None:
    assert set(keys_of(key_set(A, B))) == {"a", "b"}


@pytest.mark.parametrize(
    "other",
    [
        {},
        7,
        {"kid": "x"},
        {"kid": 7, **{name: value for name, value in A.items() if name != "kid"}},
        {name: value for name, value in A.items() if name != "kid"},
        {**A, "kid": "x", "use": "enc"},
        {**A, "kid": "x", "x": "!"},
        {**A, "kid": "x", "crv": "P-1"},
        {**A, "kid": "x", "alg": "none"},
        {"kid": "x", "kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"},
        {"kid": "x", "kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "alg": "HS256"},
        {"kid": "x", "kty": "new"},
    ],
)
def test_one_that_cannot_be_used_is_no_reason_to_forget_the_others(other: Any) -> None:
    assert set(keys_of(key_set(other, A))) == {"a"}


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"no", b'{"keys": {}}', b'{"keys": []}', b"[" * 100_000, b" " * (1 << 21), b"\xff\xfe"],
)
def test_what_is_no_key_set_is_told(content: bytes) -> None:
    with pytest.raises(Unread, match=r"it is|there is no key"):
        keys_of(content)


# -------------------------------------------------------------------------------------------------------------- sources


async def test_keys_of_a_file_are_followed(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    source = FileKeys(file, issuer=ISSUER)
    with pytest.raises(Unread, match=r"keys\.json: no such file"):
        await source.read()
    file.write_bytes(key_set(A))
    found = await source.read()
    assert (found.issuer, set(found.keys)) == (ISSUER, {"a"})
    file.write_bytes(b"broken")
    with pytest.raises(Unread, match=r"keys\.json: it is no JSON Web Key Set"):
        await source.read()
    file.write_bytes(key_set(A, B))
    assert set((await source.read()).keys) == {"a", "b"}


async def test_a_file_that_cannot_be_read_in_time_is_told_and_takes_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, mended, begun = tmp_path / "keys.json", threading.Event(), 0
    file.write_bytes(key_set(A))

    def hang(path: str) -> bytes:
        nonlocal begun
        begun += 1
        mended.wait(20)
        return Path(path).read_bytes()

    monkeypatch.setattr("legation.small_files.read_small", hang)
    monkeypatch.setattr("legation.kube.tokens.keys._TIMEOUT", 0.01)
    source = FileKeys(file, issuer=ISSUER)
    try:
        for _ in range(2):
            with pytest.raises(Unread, match=r"keys\.json: it takes longer than"):
                await source.read()
    finally:
        mended.set()
    monkeypatch.setattr("legation.kube.tokens.keys._TIMEOUT", 20)
    assert set((await source.read()).keys) == {"a"}
    assert begun == 1


async def test_an_api_server_tells_its_keys_and_whose_they_are() -> None:
    async with FakeKube() as kube:
        client = Client(kube.connection)
        with pytest.raises(Unread, match="no key in it"):
            await ClusterKeys(client).read()
        kube.rotate_token_key()
        kube.rotate_token_key()
        found = await ClusterKeys(client).read()
        assert (found.issuer, len(found.keys)) == ("https://kubernetes.default.svc.cluster.local", 2)
        kube.forget_asked()
        assert (await ClusterKeys(client, issuer="mine").read()).issuer == "mine"
        assert [each.plural for each in kube.asked] == ["/openid/v1/jwks"]
        for plural in ("/openid/v1/jwks", "/.well-known/openid-configuration"):
            kube.refuse_next(403, plural=plural)
            with pytest.raises(Unread, match="403"):
                await ClusterKeys(client).read()
        kube.intercept("/.well-known")
        with pytest.raises(Unread, match="404"):
            await ClusterKeys(client).read()
        await client.aclose()


# ---------------------------------------------------------------------------------------------------------- as they are


class World:
    def __init__(self, *keys: dict[str, Any]) -> None:
        self.source = GivenKeys(*keys)
        self.clock = ManualClock()
        self.keys = Keys(self.source, clock=self.clock)

    async def has(self, name: str) -> bool:
        async with asyncio.timeout(PATIENCE):
            return await self.keys.key(name) is not None


async def test_they_are_read_once_for_many_tokens() -> None:
    world = World(A)
    assert not world.keys.are_known
    assert all(await asyncio.gather(*(world.has("a") for _ in range(20))))
    assert (world.source.reads, world.keys.are_known, world.keys.issuer) == (1, True, ISSUER)


async def test_a_new_one_is_known_with_the_first_token_that_names_it() -> None:
    world = World(A)
    assert await world.has("a")
    world.source.show((A, B))
    world.clock.step(10.0)
    assert await world.has("b")
    assert world.source.reads == 2


async def test_who_invents_names_costs_a_look_now_and_then() -> None:
    world = World(A)
    for _ in range(3):
        for number in range(50):
            assert not await world.has(str(number))
        world.clock.step(10.0)
    assert world.source.reads == 3


async def test_one_that_was_taken_back_counts_no_longer() -> None:
    world = World(A, B)
    assert await world.has("b")
    world.source.show((A,))
    world.clock.step(299.0)
    assert await world.has("b")
    world.clock.step(1.0)
    assert not await world.has("b")


async def test_what_cannot_be_read_leaves_those_before() -> None:
    world = World(A)
    assert await world.has("a")
    world.source.trouble = "away"
    world.clock.step(300.0)
    assert await world.has("a")
    assert world.keys.trouble == "away"
    world.source.trouble = ""
    world.source.show((B,))
    world.clock.step(10.0)
    # Nobody waits while it is tried again.
    assert await world.has("a")
    # One who waits for another key waits for that, too.
    assert not await world.has("c")
    assert (await world.has("a"), await world.has("b")) == (False, True)


async def test_what_was_never_read_is_tried_again() -> None:
    world = World(A)
    world.source.trouble = "away"
    assert not await world.has("a")
    assert (world.keys.trouble, world.keys.are_known) == ("away", False)
    world.source.trouble = ""
    assert not await world.has("a")
    world.clock.step(10.0)
    assert await world.has("a")
    assert world.keys.trouble == ""


async def test_an_error_of_ours_does_not_hold_up_the_next() -> None:
    world = World(A)

    async def broken() -> KeySet:
        raise RuntimeError

    right, world.source.read = world.source.read, broken  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await world.keys.key("a")
    world.source.read = right  # type: ignore[method-assign]
    world.clock.step(10.0)
    assert await world.has("a")


def test_key_sets_are_json() -> None:
    assert json.loads(key_set(A))["keys"][0]["kid"] == "a"
