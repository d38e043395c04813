"""The Secret: what it holds, and what is taken from a damaged one, or from one of a release before."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import msgspec
import pytest

from legation.api.keeping import secret
from legation.api.keeping.secret import TLS, WEBHOOK, KeptSecret, Layout
from legation.pki import rotation
from legation.pki.authorities import DAY, Lives
from legation.pki.rotation import Kept

NOW = 1_800_000_000.0
LIVES = Lives()
BEFORE = ("server.crt", "server.key", "trusted.crt", "authority.crt", "authority.key", "signer.crt", "signer.key")


def step(kept: Kept | None, now: float) -> Kept:
    return rotation.published(rotation.renewed(kept, names=["a.b.svc"], now=now, lives=LIVES), now=now)


@pytest.fixture(scope="module")
def kept() -> Kept:
    """With two authorities."""
    return step(step(None, NOW), NOW + 250 * DAY)


def read(data: object, layout: Layout = TLS) -> KeptSecret:
    found = {"kind": "Secret", "metadata": {"name": "hook", "resourceVersion": "7"}, "data": data}
    return secret.read(msgspec.Raw(json.dumps(found).encode()), layout=layout)


@pytest.mark.parametrize("layout", [TLS, WEBHOOK])
def test_what_was_written_is_read(kept: Kept, layout: Layout) -> None:
    assert len(kept.authorities) == 2
    assert read(secret.data(kept, layout=layout), layout) == KeptSecret(version="7", kept=kept, whole=True)


def test_where_what_stands(kept: Kept) -> None:
    assert set(secret.data(kept, layout=TLS)) == {"tls.crt", "tls.key", "ca.crt", "authorities.json"}
    assert set(secret.data(kept, layout=WEBHOOK)) == {*BEFORE, "authorities.json"}


@pytest.mark.parametrize("data", [None, {}, {"tls.crt": "AA=="}])
def test_one_that_somebody_emptied_is_there_and_holds_nothing(data: object) -> None:
    assert read(data) == KeptSecret(version="7", kept=None)


@pytest.mark.parametrize("value", [None, "", "!", base64.b64encode(b"none").decode()])
@pytest.mark.parametrize("key", ["tls.crt", "tls.key", "ca.crt"])
def test_of_one_that_somebody_damaged_the_authorities_go_on(kept: Kept, key: str, value: str | None) -> None:
    data = {**secret.data(kept, layout=TLS), key: value}
    found = read({name: each for name, each in data.items() if each is not None})
    assert found.kept is not None
    assert found.kept.authorities == kept.authorities
    # What others have written there is mended; a pair that cannot be used is made anew anyway.
    assert not (found.whole and key == "ca.crt")
    mended = step(found.kept, NOW + 250 * DAY)
    assert (mended.server == kept.server) is (key == "ca.crt")


@pytest.mark.parametrize("value", [None, "", "!", base64.b64encode(b"[{}]").decode()])
def test_without_authorities_nothing_can_be_gone_on_from(kept: Kept, value: str | None) -> None:
    data = {**secret.data(kept, layout=TLS), "authorities.json": value}
    assert read({name: each for name, each in data.items() if each is not None}).kept is None


def test_an_authority_with_a_key_of_another_one_signs_nothing(kept: Kept) -> None:
    one, two = kept.authorities
    damaged = replace(kept, authorities=(replace(one, key=two.key), two))
    found = read(secret.data(damaged, layout=TLS)).kept
    assert found is not None
    assert [each.key is None for each in found.authorities] == [True, False]


def test_what_a_release_before_has_written_is_gone_on_from(kept: Kept) -> None:
    data = secret.data(kept, layout=WEBHOOK)
    found = read({key: data[key] for key in BEFORE}, WEBHOOK)
    assert not found.whole
    assert found.kept is not None
    assert found.kept.server == kept.server
    assert [(each.certificate, each.key) for each in found.kept.authorities] == [
        (each.certificate, each.key) for each in kept.authorities
    ]
    assert all(each.published is not None for each in found.kept.authorities)
    # Nothing of it is due.
    assert rotation.renewed(found.kept, names=["a.b.svc"], now=NOW + 250 * DAY, lives=LIVES) is found.kept


def test_one_of_a_release_before_may_have_led_meanwhile(kept: Kept) -> None:
    first = step(None, NOW)
    stale = secret.data(first, layout=WEBHOOK)["authorities.json"]
    found = read({**secret.data(kept, layout=WEBHOOK), "authorities.json": stale}, WEBHOOK).kept
    assert found is not None
    assert found.trusted == kept.trusted


def test_a_new_one_says_what_it_is_and_a_change_says_of_which_version(kept: Kept) -> None:
    made = secret.value(kept, layout=TLS, name="hook")
    assert (made["type"], made["metadata"]) == ("legation.dev/tls", {"name": "hook"})
    changed = secret.value(kept, layout=TLS, name="hook", version="7")
    assert set(changed) == {"metadata", "data"}
    assert changed["metadata"] == {"resourceVersion": "7"}


def test_nothing_shows_a_key(kept: Kept) -> None:
    assert "PRIVATE" not in repr(read(secret.data(kept, layout=TLS)))
