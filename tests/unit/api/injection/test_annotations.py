"""How each annotation is written."""

from __future__ import annotations

from typing import Any

import pytest

from legation.api.injection.annotations import read_wishes
from legation.api.injection.forms import NAMES
from legation.api.injection.wishes import IMAGE, Port, Resources, Wishes
from legation.model.problems import Level
from legation.settings import Injector
from tests.unit.api.injection.pods import DEFAULTS


def wishes(**annotations: str) -> Wishes:
    """Return what annotations ask for; dashes are written as underscores."""
    found = read_wishes(named(annotations), defaults=DEFAULTS)
    assert found.problems == ()
    assert found.wishes is not None
    return found.wishes


def named(annotations: dict[str, str]) -> dict[str, str]:
    return {f"legation.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("image", "registry:5000/envoy@sha256:0", "image", "registry:5000/envoy@sha256:0"),
        ("log_level", "debug", "log_level", "debug"),
        ("log_level", "warn,upstream:trace, http:debug", "component_levels", "upstream:trace,http:debug"),
        ("concurrency", "4", "concurrency", 4),
        ("admin_port", "19000", "admin_port", 19000),
        ("ready_port", "19001", "ready_port", 19001),
        ("drain", "none", "drain", "none"),
        ("drain", "1500ms", "drain", 1.5),
        ("wait", "none", "wait", "none"),
        ("wait", "2m", "wait", 120.0),
        ("http_proxy", "15001", "http_proxy", 15001),
        ("no_proxy", "", "no_proxy", ""),
        ("xds", "[fd00::1]:5000", "xds", ("fd00::1", 5000)),
        ("cluster", "shop", "cluster", "shop"),
        ("run_as_user", "none", "run_as_user", None),
        ("run_as_user", "1000680000", "run_as_user", 1_000_680_000),
        ("host_network", "enabled", "host_network", True),
        ("bootstrap", "", "bootstrap", None),
        ("bootstrap", "flags_path: a", "bootstrap", {"flags_path": "a"}),
        ("ports", "8080, dns=53/UDP", "ports", (Port(number=8080), Port(name="dns", number=53, protocol="UDP"))),
    ],
)
def test_what_is_written_is_read(name: str, text: str, field: str, value: Any) -> None:
    assert getattr(wishes(**{name: text}), field) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("image", "a b"),
        ("image", ""),
        ("cpu_request", "much"),
        ("memory_limit", "-1"),
        ("memory_limit", "0"),
        ("ports", "http=0"),
        ("ports", "http=80,http=81"),
        ("ports", "1=80"),
        ("ports", "a--b=80"),
        ("ports", "-a=80"),
        ("ports", "a234567890123456=80"),
        ("ports", ",".join(["80"] * 2_000)),
        ("no_proxy", "a" * 5_000),
        ("ports", "80/ICMP"),
        ("log_level", "loud"),
        ("log_level", "upstream:loud"),
        ("concurrency", "0"),
        ("concurrency", "²"),
        ("admin_port", "70000"),
        ("ready_port", "http"),
        ("drain", "5"),
        ("drain", "2h"),
        ("wait", "0s"),
        ("http_proxy", "15001/http"),
        ("xds", "legation"),
        ("xds", "a b:1"),
        ("cluster", "$(A)"),
        ("run_as_user", "0"),
        ("run_as_user", "root"),
        ("host_network", "yes"),
        ("bootstrap", "- a"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_name(name: str, text: str) -> None:
    found = read_wishes(named({name: text}), defaults=DEFAULTS)
    assert found.wishes is None
    assert [(each.level, each.path[-1]) for each in found.problems] == [
        (Level.ERROR, f"legation.dev/{name.replace('_', '-')}")
    ]


def test_what_was_written_is_not_told() -> None:
    found = read_wishes(named({"memory_limit": "s3cret", "bootstrap": "s3cret", "ports": "s3cret"}), defaults=DEFAULTS)
    assert len(found.problems) == 3
    assert "s3cret" not in str(found.problems)


def test_where_nobody_says_where_the_control_plane_is_that_is_an_error() -> None:
    (problem,) = read_wishes({}).problems
    assert (problem.level, problem.path[-1]) == (Level.ERROR, "legation.dev/xds")


def test_ports_of_its_own_have_to_be_different() -> None:
    (problem,) = read_wishes(named({"admin_port": "9902"}), defaults=DEFAULTS).problems
    assert "have to be different" in problem.message


def test_a_default_yields_to_an_annotation() -> None:
    defaults = {**DEFAULTS, "log-level": "error", "wait": "none"}
    found = read_wishes(named({"wait": "forever"}), defaults=defaults).wishes
    assert found is not None
    assert (found.log_level, found.wait) == ("error", "forever")


def test_a_misspelt_one_is_a_warning_and_those_of_others_are_nothing() -> None:
    found = read_wishes({"legation.dev/log_level": "debug", "example.com/log": "a"}, defaults=DEFAULTS)
    assert found.wishes is not None
    (problem,) = found.problems
    assert (problem.level, problem.mend) == (Level.WARNING, 'did you mean "legation.dev/log-level"?')


def test_of_many_misspelt_ones_it_is_told_how_many_more_there_are() -> None:
    found = read_wishes({f"legation.dev/a{number:03}": "" for number in range(100)}, defaults=DEFAULTS)
    assert found.wishes is not None
    assert len(found.problems) == 11
    assert found.problems[-1].message == "and 90 more that are no annotations of a sidecar"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, Resources()),
        ({"memory_request": "1Gi"}, Resources(memory_request="1Gi", memory_limit="1Gi")),
        ({"memory_limit": "32Mi"}, Resources(memory_request="32Mi", memory_limit="32Mi")),
        ({"memory_limit": "none", "cpu_request": ""}, Resources(memory_limit="", cpu_request="")),
        ({"cpu_limit": "10m"}, Resources(cpu_request="10m", cpu_limit="10m")),
    ],
)
def test_a_limit_that_nobody_asked_for_gives_way(given: dict[str, str], wanted: Resources) -> None:
    assert wishes(**given).resources == wanted


def test_a_limit_below_what_is_requested_is_an_error() -> None:
    (problem,) = read_wishes(named({"cpu_limit": "1", "cpu_request": "1100m"}), defaults=DEFAULTS).problems
    assert problem.path[-1] == "legation.dev/cpu-limit"


@pytest.mark.parametrize(("image", "drain"), [(IMAGE, "exec"), ("envoyproxy/envoy:distroless-v1.40.0", "none")])
def test_an_image_without_a_shell_runs_nothing_before_it_ends(image: str, drain: str) -> None:
    assert wishes(image=image).drain == drain
    assert wishes(image=image, drain="exec").drain == "exec"


def test_the_setting_has_the_same_image() -> None:
    assert Injector().injector_image == IMAGE
    assert len(set(NAMES)) == len(NAMES)
