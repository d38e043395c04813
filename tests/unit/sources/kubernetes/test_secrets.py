"""Secrets: what is asked for, what is kept, and that nothing of it is shown."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from legation.model.cluster import Cluster, NamespacedName, SecretData
from legation.sources.kubernetes.secrets import SECRETS, SecretReader, read_secret
from tests.unit.sources.kubernetes.api_objects import Told, metadata, raw

TOKEN = NamespacedName("shop", "token")


def secret(name: str = "token", *, labels: dict[str, str] | None = None, **data: bytes) -> dict[str, Any]:
    encoded = {key: b64encode(value).decode() for key, value in data.items()}
    return {"metadata": metadata(name, labels=labels), "type": "Opaque", "data": encoded}


def test_its_content_is_decoded() -> None:
    found = read_secret(raw(secret(value=b"\x00\xffhunter2")))
    assert (found.namespace, found.name) == ("shop", "token")
    assert found.data == {"value": b"\x00\xffhunter2"}


def test_it_may_be_empty() -> None:
    assert read_secret(raw({"metadata": metadata("token")})).data == {}
    assert read_secret(raw({"metadata": metadata("token"), "data": None})).data == {}


@pytest.mark.parametrize(
    "data", [{"value": "hunter2 is no base64"}, {"value": 1234567}, {"value": ["hunter2"]}, "hunter2", {"value": None}]
)
def test_the_words_about_one_that_cannot_be_read_hold_nothing_of_it(data: object) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        read_secret(raw({"metadata": metadata("token"), "data": data}))
    assert "hunter2" not in str(refused.value)
    assert "1234567" not in str(refused.value)
    assert "$.data" in str(refused.value)


def secrets_of(reader: SecretReader) -> Mapping[NamespacedName, SecretData]:
    found = reader.apply(Cluster()).secrets
    assert found is not None
    return found


def test_it_shows_nothing_of_its_content() -> None:
    reader = SecretReader()
    told = Told(reader)
    told.put("Secret", secret(value=b"hunter2"))
    shown = repr(secrets_of(reader))
    assert "hunter2" not in shown
    assert b64encode(b"hunter2").decode() not in shown


def test_what_is_not_for_envoys_is_not_even_asked_for() -> None:
    """Releases of Helm are large; tokens and registries' passwords open other doors."""
    (watched,) = SecretReader(namespaces=("shop",)).watched
    assert (watched.kind, watched.namespaces, watched.label_selector) == (SECRETS, ("shop",), "")
    terms = watched.field_selector.split(",")
    assert all(each.startswith("type!=") for each in terms)
    assert {"type!=helm.sh/release.v1", "type!=kubernetes.io/service-account-token"} <= set(terms)


def test_secrets_come_change_and_go() -> None:
    reader = SecretReader()
    told = Told(reader)
    assert told.put("Secret", secret(value=b"1"))
    before = secrets_of(reader)
    assert not told.put("Secret", secret(value=b"1", labels={"a": "b"}))
    assert secrets_of(reader)[TOKEN] is before[TOKEN]
    assert told.put("Secret", secret(value=b"2"))
    assert (before[TOKEN].data, secrets_of(reader)[TOKEN].data) == ({"value": b"1"}, {"value": b"2"})
    assert told.gone("Secret", "token")
    assert secrets_of(reader) == {}
    assert not told.gone("Secret", "token")
