"""What Envoy would refuse of a file is found, with the field; what is no file of xDS is nobody's business."""

from __future__ import annotations

import pytest

from legation.model.objects import ObjectKey, show_path
from legation.runtime.checked_files import CheckedFile, check_file
from legation.translate.config_map_files import ConfigMapFile

ROUTES = """\
resources:
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: edge
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


@pytest.mark.parametrize(
    "text", ["resources: []", "resources:", 'version_info: "0"\nresources: []', '{"resources": []}']
)
def test_a_file_may_hold_nothing(text: str) -> None:
    """It is one of xDS all the same."""
    assert checked(text).resources == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tls.crt", "-----BEGIN CERTIFICATE-----"),
        ("filter.lua", "resources: ["),
        ("envoy.yaml", "static_resources: {}"),
        ("words.yaml", "only text"),
        ("rds.pb", "resources: ["),
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
