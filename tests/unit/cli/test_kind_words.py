"""How people write kinds and objects, and what a shell is offered for them."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import click
import pytest
import yaml
from click.shell_completion import ShellComplete

from legation.cli import kind_words, main
from legation.cli.kind_words import KindName, read_kind, read_reference, read_references
from legation.client import Reference
from legation.management.v1 import management_pb2 as pb
from tests.management_api import FakeApi, serving, stored


def test_short_names_are_those_of_the_definitions() -> None:
    names: dict[str, str] = {}
    for each in (files("legation") / "crds").iterdir():
        if each.name.endswith(".yaml"):
            spec: dict[str, Any] = yaml.safe_load(each.read_text())["spec"]
            names |= dict.fromkeys(spec["names"].get("shortNames", ()), f"{spec['names']['plural']}.{spec['group']}")
    assert names == kind_words._SHORT


def test_objects_are_said_in_two_ways() -> None:
    web, api = (Reference("Cluster", name, group="bootes.io", namespace="shop") for name in ("web", "api"))
    assert read_references(("cluster", "web", "api"), namespace="shop") == [web, api]
    assert read_references(("cluster/web", "bcl/api"), namespace="shop") == [web, api]
    assert read_reference("er/x", namespace="").namespace == "default"


@pytest.mark.parametrize("word", ["web", "cluster/", "cluster/a/b", "all/web", "clutser/web"])
def test_what_is_no_object_is_told(word: str) -> None:
    with pytest.raises(click.UsageError):
        read_reference(word, namespace="")


def test_a_kind_of_others_is_taken_as_it_is_written() -> None:
    assert read_kind("Gateway.gateway.networking.k8s.io") == KindName("Gateway", "gateway.networking.k8s.io")
    assert str(read_kind("Gateway.x.io")) == "gateway.x.io"
    with pytest.raises(click.UsageError, match=r"there are .*clusters\.bootes\.io"):
        read_kind("gateway")


def offered(*words: str) -> list[str]:
    """Return what a shell offers for the last of these words."""
    *before, last = words
    found = ShellComplete(main, {}, "legation", "_LEGATION_COMPLETE").get_completions(before, last)
    return [each.value for each in found]


def test_kinds_are_offered() -> None:
    assert "clusters" in offered("get", "")
    assert offered("get", "listen") == ["listeners"]
    assert "envoyresources" in offered("wait", "envoy")


def test_names_are_offered_as_far_as_the_server_knows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind_words, "_PATIENCE", 30.0)
    with serving(FakeApi()) as api:
        monkeypatch.setenv("LEGATION_SERVER", api.target)
        api.answers("List", pb.ListResponse(objects=[stored("web"), stored("api")]))
        assert offered("get", "cluster", "w") == ["web"]
        assert offered("delete", "-n", "shop", "cluster/") == ["cluster/web", "cluster/api"]
        assert [each.namespace for each in api.asked("List")] == ["default", "shop"]
    assert offered("get", "cluster", "w") == []
