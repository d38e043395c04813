"""The Secret: what it holds, and that nothing is taken from a damaged one."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest

from legation.api.admission import kept_secret
from legation.api.admission.kept_secret import KeptSecret
from legation.pki.rotation import Kept, Lives, renewed

KEYS = ("server.crt", "server.key", "trusted.crt", "authority.crt", "authority.key", "signer.crt", "signer.key")


@pytest.fixture(scope="module")
def kept() -> Kept:
    return renewed(None, names=["a.b.svc"], now=1_800_000_000.0, lives=Lives())


def read(data: object) -> KeptSecret:
    secret = {"kind": "Secret", "metadata": {"name": "hook", "resourceVersion": "7"}, "data": data}
    return kept_secret.read(msgspec.Raw(json.dumps(secret).encode()))


def test_what_was_written_is_read(kept: Kept) -> None:
    assert read(kept_secret.data(kept)) == KeptSecret(version="7", kept=kept)


def test_its_keys_are_none_by_which_envoys_get_certificates(kept: Kept) -> None:
    assert set(kept_secret.data(kept)) == set(KEYS)


@pytest.mark.parametrize("data", [None, {}, {"tls.crt": "AA=="}])
def test_one_that_somebody_emptied_is_there_and_holds_nothing(data: object) -> None:
    assert read(data) == KeptSecret(version="7", kept=None)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", [None, "", "!", base64.b64encode(b"none").decode()])
def test_one_that_somebody_damaged_holds_nothing(kept: Kept, key: str, value: str | None) -> None:
    data = {**kept_secret.data(kept), key: value}
    assert read({name: each for name, each in data.items() if each is not None}).kept is None


def test_a_new_one_says_what_it_is_and_a_change_says_of_which_version(kept: Kept) -> None:
    made = kept_secret.value(kept, name="hook")
    assert (made["type"], made["metadata"]) == ("legation.dev/webhook", {"name": "hook"})
    changed = kept_secret.value(kept, name="hook", version="7")
    assert set(changed) == {"metadata", "data"}
    assert changed["metadata"] == {"resourceVersion": "7"}


def test_nothing_shows_a_key(kept: Kept) -> None:
    assert "PRIVATE" not in repr(read(kept_secret.data(kept)))
