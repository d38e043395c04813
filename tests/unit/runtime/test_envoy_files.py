"""Bootstraps and discovery files among manifests."""

from __future__ import annotations

import json

import pytest

from legation.envoy.bootstrap import bootstrap
from legation.model.objects import Place
from legation.model.problems import Level
from legation.runtime.envoy_files import check, is_bootstrap, is_envoys, items

TYPE = "type.googleapis.com/envoy.config.cluster.v3.Cluster"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "static_resources: {}"),
        ("a.yaml", "staticResources: {}"),
        ("a.yaml", "static_resuorces: {}"),
        ("a.json", '{"dynamicResources": {}}'),
        ("<stdin>", "node: {id: a}\nadmin: {address: {}}"),
        ("a.yaml", "# first\n---\nadmin:\n  address: {}"),
        ("a.yaml", "static_resources:\n  - a: b: c"),
        ("a.yaml", f"resources:\n- '@type': {TYPE}"),
        ("cds.yaml", "resources: []"),
        ("cds.yaml", "resorces: []"),
        ("a.yaml", f"'@type': {TYPE}\nname: a"),
    ],
)
def test_what_envoy_reads_is_told_by_its_shape(name: str, text: str) -> None:
    """Whatever the file is called, and with a slip in it."""
    assert is_envoys(name, text)


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: ConfigMap\ndata: {}",
        "kind: Cluster\nstatic_resources: {}",
        '{"apiVersion": "v1", "kind": "List", "items": []}',
        "resources: [a.yaml, b.yaml]",
        '{"@context": "https://schema.org", "@type": "Person"}',
        "node: 5",
        "admin: me",
        "a: [",
        "- a",
        "",
    ],
)
def test_what_is_an_object_or_nothing_of_envoys_is_left_to_others(text: str) -> None:
    """Who writes apiVersion and kind means an object; a kustomization is nobody's."""
    assert not is_envoys("a.yaml", text)


def test_a_bootstrap_that_is_printed_by_us_has_no_problems() -> None:
    """All variants."""
    for variant in ("delta", "sotw", "rest"):
        text = json.dumps(bootstrap(node_id="a", xds_address=("localhost", 1), variant=variant))
        assert is_bootstrap("a.json", text)
        assert check("a.json", text) == ()


def test_problems_stand_where_their_field_does() -> None:
    """In the first document, which is the one that Envoy reads."""
    text = f"# a\n---\nresources:\n- '@type': {TYPE}\n  name: a\n  lb_polcy: RANDOM\n---\nresources: [\n"
    (found,) = check("cds.yaml", text)
    assert (found.place, found.code, found.object) == (Place("cds.yaml", 6, 3), "unknown-field", None)


def test_one_resource_alone_is_checked_as_one() -> None:
    """Envoy would read nothing of it, which is a warning: somebody else may."""
    found = check("a.yaml", f"'@type': {TYPE}\nname: a\nlb_polcy: RANDOM\n")
    assert [(str(each.level), each.code, each.place) for each in found] == [
        ("warning", "no-discovery-response", Place("a.yaml", 1, 1)),
        ("error", "unknown-field", Place("a.yaml", 3, 1)),
    ]
    assert [each.resource.name for each in items("a.yaml", f"'@type': {TYPE}\nname: a\n")] == ["a"]


def test_a_text_that_envoy_cannot_read_is_told_with_the_place() -> None:
    """In YAML and in JSON, which have readers of their own."""
    assert [(each.code, each.place) for each in check("a.yaml", "node: {}\nadmin: a: b")] == [
        ("yaml-syntax", Place("a.yaml", 2, 9))
    ]
    (found,) = check("a.json", '{"node": {},\n "admin": }')
    assert (found.code, found.place) == ("json-syntax", Place("a.json", 2, 11))
    assert found.level is Level.ERROR
