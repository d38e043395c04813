"""What is to stand in the ConfigMap that shows what is written."""

from __future__ import annotations

from typing import Any

from legation.crossover.generated import Generated, generated, made, merged
from legation.model.objects import ManifestObject
from tests.unit.crossover.objects import config_map


def template(data: dict[str, str], **more: Any) -> ManifestObject:
    """Return a ConfigMap."""
    kept = config_map(data, **more).kept
    assert kept
    return kept.manifest


def wanted(**files: str) -> Generated:
    """Return what is to stand there for one with these files."""
    found = generated(template(dict(files)), {})
    assert found
    return found


OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "xds", "uid": "1-2"}


def test_it_has_all_keys_with_the_content_that_is_written() -> None:
    found = generated(
        template({"a": "old", "b": "as it is"}, binaryData={"c": "AAA="}), {"a": b"new", "z": b"of another"}
    )
    assert found
    assert (found.name, found.data, found.binary) == ("xds-gen", {"a": "new", "b": "as it is"}, {"c": "AAA="})


def test_it_is_never_empty() -> None:
    assert generated(template({}), {"z": b"of another"}) is None


def test_a_new_one_says_whose_it_is() -> None:
    value = made(wanted(a="1"))
    assert value == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "xds-gen",
            "labels": {"app.kubernetes.io/managed-by": "crossover"},
            "ownerReferences": [OWNER],
        },
        "data": {"a": "1"},
    }


def test_what_others_have_put_there_stays() -> None:
    before = {
        **made(wanted(a="0", old="0")),
        "metadata": {
            "name": "xds-gen",
            "resourceVersion": "7",
            "labels": {"team": "edge"},
            "annotations": {"note": "x"},
            "ownerReferences": [{**OWNER, "uid": "of before"}, {**OWNER, "name": "other"}],
        },
        "immutable": False,
    }
    after = merged(wanted(a="1"), before)
    assert after == {
        **before,
        "data": {"a": "1"},
        "metadata": {
            **before["metadata"],
            "labels": {"team": "edge", "app.kubernetes.io/managed-by": "crossover"},
            "ownerReferences": [{**OWNER, "name": "other"}, OWNER],
        },
    }


def test_what_is_right_already_is_equal() -> None:
    value = made(wanted(a="1"))
    assert merged(wanted(a="1"), value) == value
