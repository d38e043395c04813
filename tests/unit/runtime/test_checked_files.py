"""What Envoy would refuse of a file is found, with the field; what is no file of xDS is nobody's business."""

from __future__ import annotations

import pytest

from legation.model.objects import ObjectKey, show_path
from legation.runtime.checked_files import CheckedFile, check_file
from legation.translate.config_map_files import ConfigMapFile

CLUSTER = """\
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: a
"""
CLUSTERS = f"resources:\n{CLUSTER}"
ROUTE = """\
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: edge
"""
ROUTES = f"resources:\n{ROUTE}"
HOSTS = """\
resources:
- "@type": type.googleapis.com/envoy.config.route.v3.VirtualHost
  name: edge
  domains: ["*"]
"""


def checked(text: str | bytes, *, name: str = "rds.yaml") -> CheckedFile:
    """Return what is found in a file of the ConfigMap `edge-xds`."""
    content = text if isinstance(text, bytes) else text.encode()
    origin = ObjectKey("", "ConfigMap", "shop", "edge-xds")
    return check_file(ConfigMapFile(name=name, content=content, origin=origin, path=("data", name)))


def told(found: CheckedFile) -> list[tuple[str, str]]:
    """Return code and path of each problem."""
    return [(each.code, show_path(each.path)) for each in found.problems]


def test_the_resources_of_a_file_are_those_of_its_text() -> None:
    """In their order, each with the ConfigMap as its origin."""
    found = checked(ROUTES)
    assert not found.broken
    assert found.resources is not None
    assert [(each.name, str(each.origin)) for each in found.resources] == [("edge", "ConfigMap shop/edge-xds")]


@pytest.mark.parametrize("name", ["cds.yaml", "lds.yaml", "edge.yaml"])
@pytest.mark.parametrize(
    "text", ["resources: []", "resources:", 'version_info: "0"\nresources: []', '{"resources": []}']
)
def test_a_file_of_what_envoy_takes_whole_may_hold_nothing(text: str, name: str) -> None:
    """It is one of xDS all the same; of one without a telling name nobody knows better."""
    found = checked(text, name=name)
    assert found.resources == ()
    assert not found.problems


@pytest.mark.parametrize("text", ["{}", 'version_info: "1"'])
def test_a_file_called_after_a_service_is_one_of_it(text: str) -> None:
    """Envoy takes it so."""
    assert checked(text, name="cds.yaml").resources == ()
    assert checked(text, name="edge.yaml").resources is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tls.crt", "-----BEGIN CERTIFICATE-----"),
        ("filter.lua", "resources: ["),
        ("envoy.yaml", "static_resources: {}"),
        ("words.yaml", "only text"),
        ("rds.pb", "resources: ["),
        ("values.yaml", "resource: {cpu: 1}"),
        ("names.yaml", "resource: [a, b]"),
        ("settings.json", "// with comments\n{}"),
        ("template.yaml", "{{ if .Values }}\na: b: c"),
        ("empty.yaml", ""),
        ("rds-notes.yaml", "a: 1"),
        ("strange.yaml", "'@type': [1]"),
    ],
)
def test_what_is_no_file_of_xds_is_as_it_is(name: str, text: str) -> None:
    """Nothing is known of it, and nothing is wrong with it."""
    found = checked(text, name=name)
    assert found.resources is None
    assert not found.problems


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        (ROUTES.replace("name:", "naame:"), "unknown-field", 'data["rds.yaml"].resources[0].naame'),
        (ROUTES.replace("  name: edge\n", ""), "empty-name", 'data["rds.yaml"].resources[0].name'),
        ("resources: [", "yaml-syntax", 'data["rds.yaml"]'),
        ("resources: {}", "invalid-config", 'data["rds.yaml"].resources'),
        ("resources: [route]", "invalid-config", 'data["rds.yaml"].resources[0]'),
        ("resources: [{name: edge}]", "missing-type", 'data["rds.yaml"].resources[0]'),
        ("resorces: []\nresources: []", "unknown-field", 'data["rds.yaml"].resorces'),
        (ROUTES.replace("config.route.v3", "api.v2"), "old-type", 'data["rds.yaml"].resources[0]["@type"]'),
        (b"\xff\xfe", "not-text", 'data["rds.yaml"]'),
        ("resources: []", "not-one-resource", 'data["rds.yaml"].resources'),
        (ROUTES + ROUTE.replace("edge", "other"), "not-one-resource", 'data["rds.yaml"].resources'),
        (ROUTES + ROUTE, "not-one-resource", 'data["rds.yaml"].resources'),
        (ROUTES + "- 1\n", "not-one-resource", 'data["rds.yaml"].resources'),
        (ROUTES + CLUSTER, "mixed-types", 'data["rds.yaml"].resources[1]'),
        (
            CLUSTERS + CLUSTER.replace("name: a", "name: b") + CLUSTER,
            "duplicate-resource",
            'data["rds.yaml"].resources[2]',
        ),
        (ROUTES.replace("resources", "resource"), "unknown-field", 'data["rds.yaml"].resource'),
        ("resourcez: []", "unknown-field", 'data["rds.yaml"].resourcez'),
        ("", "no-discovery-response", 'data["rds.yaml"]'),
        ("# later", "no-discovery-response", 'data["rds.yaml"]'),
        ("[]", "no-discovery-response", 'data["rds.yaml"]'),
        ("static_resources: {}", "no-discovery-response", 'data["rds.yaml"]'),
        (ROUTE.replace("- ", "  "), "no-discovery-response", 'data["rds.yaml"]'),
        (ROUTES + "version_info: 7\n", "wrong-type", 'data["rds.yaml"].version_info'),
        (ROUTES + "control_plane: {name: x}\n", "unknown-field", 'data["rds.yaml"].control_plane.name'),
        (ROUTES + "more: 1\n", "unknown-field", 'data["rds.yaml"].more'),
    ],
)
def test_what_envoy_would_refuse_is_told_by_its_field(text: str | bytes, code: str, path: str) -> None:
    """The file is broken then."""
    found = checked(text)
    assert found.broken
    assert (code, path) in told(found)


def test_a_fault_in_the_text_is_told_by_its_line() -> None:
    """Of the value, for nobody sees the file that it is to become."""
    (problem,) = checked("resources:\n- [\n").problems
    assert "line 3 of the value" in problem.message or "line 2 of the value" in problem.message


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("edge.yaml", ROUTES.replace("resources", "resource"), "unknown-field"),
        ("edge.yaml", ROUTE.replace("- ", "  "), "no-discovery-response"),
        ("edge.yaml", "resources: [", "yaml-syntax"),
        ("edge-eds.json", '{"resources": []}', "not-one-resource"),
        ("edge.yaml", ROUTES + ROUTE, "not-one-resource"),
        ("edge.yaml", HOSTS, "not-by-file"),
        ("lds.json", '{"resources": []} # none', "json-syntax"),
        ("lds.json", "resources: []", "json-syntax"),
    ],
)
def test_other_names_hide_nothing(name: str, text: str, code: str) -> None:
    """Where the content shows what is meant, the name need not say it."""
    found = checked(text, name=name)
    assert found.broken
    assert [each.code for each in found.problems] == [code]


def test_json_is_read_as_envoy_does() -> None:
    """It is laxer than JSON."""
    text = """{resources: [{'@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', 'name': 'a',},]}"""
    found = checked(text, name="cds.json")
    assert not found.problems
    assert found.resources is not None
    assert [each.name for each in found.resources] == ["a"]


def test_a_type_that_the_name_does_not_speak_of_is_a_warning() -> None:
    """Who reads it may know better."""
    assert told(checked(ROUTES, name="rds-edge.yaml")) == []
    found = checked(ROUTES, name="cds.yaml")
    assert not found.broken
    assert told(found) == [("unlikely-type", 'data["cds.yaml"]')]


def test_its_own_type_at_the_top_is_harmless() -> None:
    """Envoy leaves it out, unless it is told to refuse what it does not know."""
    found = checked('"@type": type.googleapis.com/envoy.service.discovery.v3.DiscoveryResponse\n' + ROUTES)
    assert not found.broken
    assert told(found) == [("unknown-field", 'data["rds.yaml"]["@type"]')]
    assert found.resources
