"""Keys of ConfigMaps become files: bytes as they are, and the weights of splits in their texts."""

from __future__ import annotations

import base64
import subprocess
import sys
import weakref
from collections.abc import Mapping
from typing import Any

import pytest

from legation.model.objects import ManifestObject
from legation.model.problems import Level
from legation.texts.kubectl_yaml import YamlFault
from legation.texts.patching import Template
from legation.translate import config_map_files
from legation.translate.config_map_files import ConfigMapFiles, Files
from legation.translate.splitting import SplitPlan
from tests.manifests import manifest
from tests.unit.translate.splits import notes, split

ROUTES = """\
# The routes of podinfo.
version_info: "0"
resources:
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: podinfo
  virtual_hosts:
  - name: podinfo
    domains: ["*"]
    routes:
    - match: {prefix: "/"}
      route:
        weighted_clusters:
          clusters:
          - name: green   # the new one
            weight: 50
          - {name: 'blue', "weight": "50"}
"""
SHARED = """\
resources:
- &r
  "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: podinfo
  virtual_hosts:
  - name: podinfo
    routes:
    - route:
        weighted_clusters: &w {clusters: [{name: green, weight: 50}, {name: blue, weight: 50}]}
  - name: other
    routes:
    - route:
        weighted_clusters: *w
"""


def config_map(name: str = "envoy-xds", *, binary: Any = None, **data: Any) -> ManifestObject:
    """Return a ConfigMap; `__` in the name of a key is a dot."""
    fields: dict[str, Any] = {"data": {key.replace("__", "."): value for key, value in data.items()}}
    if binary is not None:
        fields["binaryData"] = binary
    return manifest("ConfigMap", name, api_version="v1", **fields)


def plan(*, green: int = 20, blue: int = 80, service: str = "podinfo") -> SplitPlan:
    return SplitPlan.of(notes(split(service=service, weights={"green": green, "blue": blue})))


def contents(files: Files) -> Mapping[str, bytes]:
    return {name: each.content for name, each in files.files.items()}


def told(files: Files) -> list[tuple[str, Level, tuple[str | int, ...]]]:
    return [(each.code, each.level, each.path) for each in files.problems]


def test_bytes_are_bytes_where_nothing_is_split() -> None:
    broken = "virtual_hosts: [\r\n\tno YAML\ufeff é😀"
    made = config_map(rds__yaml=broken, empty="", binary={"a.pb": base64.encodebytes(bytes(range(256))).decode()})
    files = ConfigMapFiles().update([(made, None)])
    assert contents(files) == {"rds.yaml": broken.encode(), "empty": b"", "a.pb": bytes(range(256))}
    assert [(each.name, each.origin, each.path) for each in files.files.values()] == [
        ("rds.yaml", made.key, ("data", "rds.yaml")),
        ("empty", made.key, ("data", "empty")),
        ("a.pb", made.key, ("binaryData", "a.pb")),
    ]
    assert not files.problems


def test_weights_are_put_into_the_text_and_all_else_stays() -> None:
    made = config_map(rds__yaml=ROUTES, cds__yaml="resources: [{weight: 50}]\n")
    files = ConfigMapFiles().update([(made, plan())])
    assert contents(files) == {
        "rds.yaml": ROUTES.replace("weight: 50", "weight: 20").replace('"50"', "80").encode(),
        "cds.yaml": b"resources: [{weight: 50}]\n",
    }
    assert not files.problems


def test_what_stays_the_same_is_the_same_object(monkeypatch: pytest.MonkeyPatch) -> None:
    made = config_map(rds__yaml=ROUTES, cds__yaml="resources: []\n")
    first_plan = plan()
    store = ConfigMapFiles()
    first = store.update([(made, first_plan)])
    calls: list[object] = []
    monkeypatch.setattr(config_map_files, "_read", calls.append)

    assert dict(store.update([(made, first_plan)]).files) == dict(first.files)
    # Another plan that says the same; then one that says something else of one file.
    assert dict(store.update([(made, plan())]).files) == dict(first.files)
    other = store.update([(made, plan(green=100, blue=0))])
    assert other.files["cds.yaml"] is first.files["cds.yaml"]
    assert b"weight: 100" in other.files["rds.yaml"].content
    # A new object with the same text in one of its keys.
    changed = store.update([(config_map(rds__yaml=ROUTES, cds__yaml="resources: [1]\n"), plan(green=100, blue=0))])
    assert changed.files["rds.yaml"] is other.files["rds.yaml"]
    assert changed.files["cds.yaml"] is not other.files["cds.yaml"]
    assert calls == []


def test_without_its_split_a_template_is_as_it_was_written() -> None:
    made, store = config_map(rds__yaml=ROUTES), ConfigMapFiles()
    store.update([(made, plan())])
    assert contents(store.update([(made, None)])) == {"rds.yaml": ROUTES.encode()}
    assert contents(store.update([])) == {}


def test_the_first_config_map_has_the_file() -> None:
    one, two = config_map("one", a="1", b="1"), config_map("two", a="2", c="2")
    files = ConfigMapFiles().update([(two, None), (one, None)])
    assert contents(files) == {"a": b"2", "c": b"2", "b": b"1"}
    assert told(files) == [("duplicate-file", Level.WARNING, ("data", "a"))]
    assert files.problems[0].object == one.key
    assert "ConfigMap default/two" in files.problems[0].message


def test_a_split_that_finds_nothing_says_so_once() -> None:
    lost, one, two = plan(service="nobody"), config_map("one", a=ROUTES), config_map("two", b=ROUTES)
    files = ConfigMapFiles().update([(one, lost), (two, lost)])
    assert len(files.problems) == 1
    assert files.problems[0].object is not None
    assert files.problems[0].object.kind == "TrafficSplit"
    assert "in ConfigMap default/one, ConfigMap default/two is named" in files.problems[0].message
    # It is met in the second one.
    found = plan()
    files = ConfigMapFiles().update([(config_map("one", a="virtual_hosts: []"), found), (two, found)])
    assert files.problems == ()


@pytest.mark.parametrize(
    ("name", "text", "code", "path"),
    [
        ("rds.yaml", "virtual_hosts: [\n", "yaml-syntax", ("data", "rds.yaml")),
        ("rds.pb_text", 'virtual_hosts { name: "podinfo" }\n', "not-split", ("data", "rds.pb_text")),
    ],
)
def test_a_text_that_cannot_be_read_stays(name: str, text: str, code: str, path: tuple[str, ...]) -> None:
    made = manifest("ConfigMap", api_version="v1", data={name: text, "a.yaml": ROUTES})
    files = ConfigMapFiles().update([(made, plan())])
    assert files.files[name].content == text.encode()
    assert told(files) == [(code, Level.WARNING, path)]
    assert b"weight: 20" in files.files["a.yaml"].content
    # Whether there is such a host nobody knows.
    assert told(ConfigMapFiles().update([(made, plan(service="nobody"))])) == [(code, Level.WARNING, path)]


def test_a_file_that_is_not_as_its_splits_say_tells_why() -> None:
    store, texts = ConfigMapFiles(), {"a.yaml": ROUTES, "b.yaml": "virtual_hosts: [\n", "c.yaml": SHARED, "d": "x: ["}
    files = store.update([(manifest("ConfigMap", api_version="v1", data=texts), plan())])
    faults = {name: file.fault for name, file in files.files.items() if file.fault is not None}
    assert [(name, each.reason.partition(":")[0]) for name, each in faults.items()] == [
        ("b.yaml", "line 2 of the file"),
        ("c.yaml", "line 13 of the file"),
    ]
    assert [each.problem for each in faults.values()] == list(files.problems)
    assert all(each.problem.message.startswith(each.reason) for each in faults.values())
    # It is mended, with the very same bytes: without a split nothing is wrong with it.
    mended = store.update([(manifest("ConfigMap", api_version="v1", data=texts), None)])
    assert not [file for file in mended.files.values() if file.fault]


def test_which_files_splits_may_change() -> None:
    """It can be told before any split is known."""
    binary = {"bin.yaml": base64.b64encode(ROUTES.encode()).decode()}
    made = config_map(
        rds__yaml=ROUTES, lds__json='{"virtualHosts": []}', cds__yaml="a: b", rds__pb="virtual_hosts", binary=binary
    )
    files = ConfigMapFiles().update([(made, None)]).files
    assert [name for name, file in files.items() if file.may_be_split] == ["rds.yaml", "lds.json"]


def test_what_was_read_of_a_text_goes_before_another_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both may be large."""
    store, one = ConfigMapFiles(), plan()
    store.update([(config_map(rds__yaml=ROUTES), one)])
    read = config_map_files._read
    trees: list[weakref.ref[Template]] = []
    alive: list[int] = []

    def reading(text: str) -> Template | YamlFault:
        alive.append(sum(each() is not None for each in trees))
        found = read(text)
        assert isinstance(found, Template)
        trees.append(weakref.ref(found))
        return found

    monkeypatch.setattr(config_map_files, "_read", reading)
    for number in range(3):
        store.update([(config_map(rds__yaml=f"{ROUTES}# {number}\n"), one)])
    assert alive == [0, 0, 0]


def test_a_text_that_cannot_say_it_keeps_the_last_weights() -> None:
    store, made = ConfigMapFiles(), config_map(rds__yaml=SHARED)
    both = SplitPlan.of(
        notes(
            split("a", service="podinfo", weights={"green": 20, "blue": 80}),
            split("b", service="other", weights={"green": 20, "blue": 80}),
        )
    )
    alike = store.update([(made, both)])
    assert (
        alike.files["rds.yaml"].content == SHARED.replace("n, weight: 50", "n, weight: 20").replace("50", "80").encode()
    )
    assert not alike.problems

    one = store.update([(made, plan(green=30, blue=70))])
    assert one.files["rds.yaml"].content is alike.files["rds.yaml"].content
    assert told(one) == [("not-split", Level.ERROR, ("data", "rds.yaml"))]
    assert "the last weights stay" in one.problems[0].message
    assert "line 13 of the file" in one.problems[0].message

    fresh = ConfigMapFiles().update([(made, plan())])
    assert fresh.files["rds.yaml"].content == SHARED.encode()
    assert "as they are written" in fresh.problems[0].message


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"data": {"a": 1, "b": "x"}}, "invalid-config", ("data", "a")),
        ({"data": ["x"], "binaryData": {"b": "eA=="}}, "invalid-config", ("data",)),
        ({"data": {"b": "x"}, "binaryData": {"a": "no base64"}}, "bad-base64", ("binaryData", "a")),
        ({"data": {"b": "x"}, "binaryData": {"a": 1}}, "bad-base64", ("binaryData", "a")),
        ({"data": {"b": "x"}, "binaryData": {"b": "eQ=="}}, "duplicate-file", ("binaryData", "b")),
        ({"data": {"b": "x", "../a": "y"}}, "bad-file-name", ("data", "../a")),
        ({"data": {"b": "x", "..": "y"}}, "bad-file-name", ("data", "..")),
        ({"data": {"b": "x", "..a": "y"}}, "bad-file-name", ("data", "..a")),
        ({"data": {"b": "x", ".": "y"}}, "bad-file-name", ("data", ".")),
        ({"data": {"b": "x", "": "y"}}, "bad-file-name", ("data", "")),
        ({"data": {"b": "x", "a\n": "y"}}, "bad-file-name", ("data", "a\n")),
        ({"data": {"b": "x", "a" * 254: "y"}}, "bad-file-name", ("data", "a" * 254)),
    ],
)
def test_what_can_be_no_file_is_left_out(fields: dict[str, Any], code: str, path: tuple[str, ...]) -> None:
    files = ConfigMapFiles().update([(manifest("ConfigMap", api_version="v1", **fields), None)])
    assert contents(files) == {"b": b"x"}
    assert [(each.code, each.path) for each in files.problems] == [(code, path)]


def test_a_config_map_without_files_is_none() -> None:
    empty = manifest("ConfigMap", api_version="v1", data=None, binaryData={})
    files = ConfigMapFiles().update([(empty, plan()), (manifest("ConfigMap", "none", api_version="v1"), None)])
    assert contents(files) == {}


def test_it_needs_none_of_the_heavy_packages() -> None:
    code = "import sys, legation.translate.config_map_files; print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"google", "grpc", "cryptography", "asyncio", "httpx2", "structlog", "envoy"} & set(loaded)
