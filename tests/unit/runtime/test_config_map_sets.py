"""From ConfigMaps and TrafficSplits to the files that are to stand, at one moment after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.model.cluster import NamespacedName
from legation.model.objects import ManifestObject
from legation.model.resource_types import ROUTE_CONFIGURATION
from legation.runtime.config_map_sets import ConfigMapSets, standing_set
from legation.runtime.intake import Heard
from legation.translate.config_map_files import ConfigMapFile
from legation.transports.files.file_set import FileSet
from tests.manifests import manifest

ROUTES = """\
resources:
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: NAME
  virtual_hosts:
  - name: podinfo
    domains: ["*"]
    routes:
    - match: {prefix: /}
      route: {weighted_clusters: {clusters: [{name: green, weight: 100}, {name: blue, weight: 0}]}}
"""


def routes(name: str = "edge") -> str:
    """Return the text of a file with one RouteConfiguration."""
    return ROUTES.replace("NAME", name)


def config_map(name: str = "edge-xds", data: Mapping[str, str] | None = None, **more: Any) -> ManifestObject:
    """Return a ConfigMap."""
    return manifest("ConfigMap", name, api_version="v1", data={"rds.yaml": routes()} if data is None else data, **more)


def split(green: object, blue: object, **more: Any) -> ManifestObject:
    """Return a TrafficSplit over both clusters."""
    backends = [{"service": "green", "weight": green}, {"service": "blue", "weight": blue}]
    spec = {"service": "podinfo", "backends": backends}
    return manifest("TrafficSplit", "podinfo", api_version="split.smi-spec.io/v1alpha2", spec=spec, **more)


def heard(*objects: ManifestObject, broken: frozenset[str] = frozenset()) -> Heard:
    """Return what the sources say if these are all objects."""
    return Heard(number=1, objects={each.key: each for each in objects}, problems=(), broken=broken)


def named(*names: str) -> ConfigMapSets:
    """Return the sets of ConfigMaps of the namespace `default`."""
    return ConfigMapSets([NamespacedName("default", each) for each in names])


def contents(files: FileSet) -> dict[str, str]:
    """Return the text of each file."""
    return {name: (each.content or b"").decode() for name, each in files.files.items()}


def codes(sets: ConfigMapSets) -> list[str]:
    """Return the code of each problem."""
    return [each.code for each in sets.problems]


def test_each_key_is_a_file_with_the_resources_in_it() -> None:
    """What is no file of xDS has no resources, and is a file all the same."""
    sets = named("edge-xds")
    files = sets.update(heard(config_map(data={"rds.yaml": routes(), "key.pem": "a key"})))
    assert contents(files) == {"rds.yaml": routes(), "key.pem": "a key"}
    assert files.files["rds.yaml"].members == ((ROUTE_CONFIGURATION, "edge"),)
    assert files.files["key.pem"].members == ()
    assert set(files.snapshot[ROUTE_CONFIGURATION].resources) == {"edge"}
    assert sets.whole
    assert not sets.problems


def test_of_one_key_that_two_have_the_first_named_counts() -> None:
    """And it is said of the other."""
    one, other = config_map("one", {"a.txt": "one"}), config_map("other", {"a.txt": "other", "b.txt": "other"})
    assert contents(named("one", "other").update(heard(one, other))) == {"a.txt": "one", "b.txt": "other"}
    sets = named("other", "one")
    assert contents(sets.update(heard(one, other))) == {"a.txt": "other", "b.txt": "other"}
    assert codes(sets) == ["duplicate-file"]


def test_without_names_all_with_the_labels_count_the_senior_first() -> None:
    """As the server decides between two claimants of one name."""
    old = config_map("z", {"a.txt": "old"}, created="2026-01-01T00:00:00Z", labels={"team": "edge"})
    new = config_map("a", {"a.txt": "new"}, created="2026-02-01T00:00:00Z", labels={"team": "edge"})
    other = config_map("b", {"b.txt": "other"}, labels={"team": "shop"})
    sets = ConfigMapSets(labels=frozenset({("team", "edge")}))
    assert contents(sets.update(heard(new, other, old))) == {"a.txt": "old"}


def test_what_envoy_would_refuse_leaves_the_last_good_file() -> None:
    """The other files of the ConfigMap go on."""
    sets = named("edge-xds")
    sets.update(heard(config_map(data={"rds.yaml": routes(), "a.txt": "1"})))
    broken = routes().replace("name: edge", "naame: edge")
    files = sets.update(heard(config_map(data={"rds.yaml": broken, "a.txt": "2"})))
    assert contents(files) == {"rds.yaml": routes(), "a.txt": "2"}
    assert "unknown-field" in codes(sets)
    assert contents(sets.update(heard(config_map(data={"rds.yaml": routes("other")})))) == {"rds.yaml": routes("other")}
    assert not sets.problems


def test_what_was_never_good_is_no_file_and_then_it_is_not_whole() -> None:
    """An Envoy that starts would miss it."""
    sets = named("edge-xds")
    assert not contents(sets.update(heard(config_map(data={"rds.yaml": "resources: ["}))))
    assert not sets.whole


def test_a_file_that_stands_there_is_the_last_good_one_of_a_broken_start() -> None:
    """The program was started anew meanwhile."""
    sets = named("edge-xds")
    file = ConfigMapFile(name="rds.yaml", content=routes().encode(), origin=config_map().key, path=())
    held = standing_set([sets.recall(file)])
    assert held.files["rds.yaml"].members == ((ROUTE_CONFIGURATION, "edge"),)
    assert contents(sets.update(heard(config_map(data={"rds.yaml": "resources: ["})))) == {"rds.yaml": routes()}


def test_a_named_config_map_that_goes_leaves_its_files() -> None:
    """It may be on its way to be made anew; one that never was is an error."""
    sets = named("edge-xds")
    sets.update(heard())
    assert not sets.whole
    assert [(each.code, each.level) for each in sets.problems] == [("config-map-missing", "error")]
    before = sets.update(heard(config_map()))
    assert contents(sets.update(heard())) == contents(before)
    assert [(each.code, each.level) for each in sets.problems] == [("config-map-gone", "warning")]


def test_a_named_config_map_that_becomes_empty_leaves_its_files() -> None:
    """A slip must not take an Envoy's files away; who was empty from the start is an error."""
    sets = named("edge-xds")
    assert not contents(sets.update(heard(config_map(data={}))))
    assert not sets.whole
    assert [(each.code, each.level) for each in sets.problems] == [("config-map-empty", "error")]
    before = sets.update(heard(config_map()))
    assert contents(sets.update(heard(config_map(data={})))) == contents(before)
    assert [(each.code, each.level) for each in sets.problems] == [("config-map-empty", "warning")]


def test_if_all_that_were_selected_go_at_once_their_files_stay() -> None:
    """One of several that goes takes its files along."""
    sets = ConfigMapSets()
    sets.update(heard())
    assert [each.code for each in sets.problems] == ["config-map-missing"]
    one, other = config_map("one", {"a.txt": "1"}), config_map("other", {"b.txt": "1"})
    sets.update(heard(one, other))
    assert contents(sets.update(heard(other))) == {"b.txt": "1"}
    assert contents(sets.update(heard())) == {"b.txt": "1"}
    assert [(each.code, each.level) for each in sets.problems] == [("config-map-gone", "warning")]
    assert contents(sets.update(heard(one))) == {"a.txt": "1"}
    assert not sets.problems


def test_a_key_that_goes_is_no_file_any_more() -> None:
    """Its ConfigMap says so."""
    sets = named("edge-xds")
    sets.update(heard(config_map(data={"a.txt": "1", "b.txt": "1"})))
    assert contents(sets.update(heard(config_map(data={"b.txt": "1"})))) == {"b.txt": "1"}


def test_a_split_of_the_namespace_sets_the_weights_in_the_text() -> None:
    """Deleted, the text is what its owner wrote; broken, the last good one goes on."""
    sets, template = named("edge-xds"), config_map()
    shifted = routes().replace("weight: 100", "weight: 25").replace("weight: 0", "weight: 75")
    assert contents(sets.update(heard(template, split(25, 75)))) == {"rds.yaml": shifted}
    assert contents(sets.update(heard(template, split("many", 75)))) == {"rds.yaml": shifted}
    assert "invalid-weight" in codes(sets)
    assert contents(sets.update(heard(template))) == {"rds.yaml": routes()}


def test_a_split_of_another_namespace_is_none_of_its_business() -> None:
    """Not a problem either: it may be meant for others."""
    sets = named("edge-xds")
    assert contents(sets.update(heard(config_map(), split(25, 75, namespace="shop")))) == {"rds.yaml": routes()}
    assert not sets.problems


def test_what_stands_in_two_files_is_told_and_both_are_written() -> None:
    """Envoy may take each from its own file, but no order can be kept for both."""
    sets = named("edge-xds")
    files = sets.update(heard(config_map(data={"a.yaml": routes(), "b.yaml": routes()})))
    assert set(files.files) == {"a.yaml", "b.yaml"}
    assert files.files["b.yaml"].members == ()
    assert codes(sets) == ["duplicate-resource"]


def test_what_did_not_change_is_not_looked_at_again() -> None:
    """The bytes are the same Python object."""
    sets, one = named("one", "two"), config_map("one", {"one.yaml": routes("one")})
    before = sets.update(heard(one, config_map("two", {"two.yaml": routes("two")})))
    after = sets.update(heard(one, config_map("two", {"two.yaml": routes("three")})))
    assert after.files["one.yaml"].content is before.files["one.yaml"].content
    resources = (each.snapshot[ROUTE_CONFIGURATION].get("one") for each in (before, after))
    assert len(set(map(id, resources))) == 1


def test_a_file_that_is_to_come_is_told() -> None:
    """What names it waits for it: Envoy refuses what names a file that does not exist."""
    sets = named("edge-xds")
    files = sets.update(heard(config_map(data={"a.txt": "1", "rds.yaml": "resources: ["})))
    assert files.expected == {"rds.yaml"}
    assert not sets.update(heard(config_map())).expected
