"""What a command line of each of the two programs asks for."""

from __future__ import annotations

import pytest

from legation.crossover import crossover_flags, flags_common, loader_flags
from legation.crossover.go_flags import FlagFault
from legation.crossover.options import Options, Refused

_ALL = (
    "namespace",
    "token-file",
    "apiserver",
    "output-dir",
    "configmap",
    "dry-run",
    "onetime",
    "insecure",
    "watch",
    "smi",
    "trafficsplit",
    "trafficsplit-api-version",
    "sync-interval",
)
"""Those of crossover."""
_OLDER = tuple(name for name in _ALL if name not in {"output-dir", "smi"} and not name.startswith("traffic"))


def options(*arguments: str, mounted: str = "", **environment: str) -> Options:
    """Return what crossover is asked to do."""
    parsed = crossover_flags.flag_set(environment).parse(arguments)
    return crossover_flags.options(parsed, mounted_namespace=mounted)


def warnings(*arguments: str) -> tuple[str, ...]:
    """Return what is doubtful in a command line."""
    return flags_common.warnings_of(crossover_flags.flag_set({}).parse(arguments))


@pytest.mark.parametrize("name", _ALL)
def test_crossover_has_all_of_its_flags(name: str) -> None:
    assert f"  -{name}" in crossover_flags.flag_set({}).usage()


def test_the_loader_has_its_flags_and_none_of_those_that_came_later() -> None:
    usage = loader_flags.flag_set({}).usage()
    assert all(f"\n  -{name}" in usage for name in _OLDER)
    assert not [name for name in _ALL if name not in _OLDER and f"\n  -{name}" in usage]
    with pytest.raises(FlagFault):
        loader_flags.flag_set({}).parse(["--output-dir=/tmp"])


def test_the_defaults_are_those_of_crossover() -> None:
    found = options("--configmap=xds", NS="shop")
    assert found == Options(namespace="shop", config_maps=("xds",), splits={})
    assert (found.server, found.output, found.split_version) == ("https://kubernetes", "/srv/runtime", "v1alpha2")
    assert (found.interval, found.once, found.watch, found.insecure) == (60.0, False, False, False)
    assert found.token_file == "/var/run/secrets/kubernetes.io/serviceaccount/token"


def test_the_older_program_writes_where_it_always_did() -> None:
    parsed = loader_flags.flag_set({"POD_NAMESPACE": "shop"}).parse(["-configmap=xds", "-onetime", "-insecure"])
    found = loader_flags.options(parsed, mounted_namespace="")
    assert found == Options(namespace="shop", config_maps=("xds",), splits={}, once=True, insecure=True)
    assert found.output == "/srv/runtime"


@pytest.mark.parametrize(
    ("arguments", "environment", "mounted", "namespace"),
    [
        (("--namespace=flag",), {"NS": "ns", "POD_NAMESPACE": "pod"}, "mounted", "flag"),
        ((), {"NS": "ns", "POD_NAMESPACE": "pod"}, "mounted", "ns"),
        ((), {"NS": "", "POD_NAMESPACE": "pod"}, "mounted", "pod"),
        ((), {}, "mounted", "mounted"),
        (("--namespace=",), {"NS": "ns"}, "mounted", "mounted"),
    ],
)
def test_where_the_namespace_comes_from(
    arguments: tuple[str, ...], environment: dict[str, str], mounted: str, namespace: str
) -> None:
    assert options(*arguments, mounted=mounted, **environment).namespace == namespace


def test_without_a_namespace_the_ways_to_tell_it_are_told() -> None:
    with pytest.raises(Refused) as caught:
        options("--configmap=xds")
    assert all(word in str(caught.value) for word in ("--namespace", "NS", "POD_NAMESPACE"))


@pytest.mark.parametrize(
    ("arguments", "splits"),
    [
        ("--configmap=a --configmap=b --trafficsplit=x --trafficsplit=y", {"a": ("x",), "b": ("y",)}),
        ("--configmap=a --trafficsplit=x --trafficsplit=y", {"a": ("x", "y")}),
        ("--configmap=a --configmap=a --trafficsplit=x --trafficsplit=y", {"a": ("x", "y")}),
        ("--configmap=a --configmap=b --trafficsplit=x --trafficsplit=x", {"a": ("x",), "b": ("x",)}),
        ("--configmap=a --trafficsplit=x -smi=false", {"a": ("x",)}),
        ("--configmap=a --configmap=b", {}),
    ],
)
def test_which_splits_are_for_which_config_map(arguments: str, splits: dict[str, tuple[str, ...]]) -> None:
    assert dict(options(*arguments.split(), NS="shop").splits) == splits


def test_a_config_map_that_is_named_twice_is_one() -> None:
    assert options("--configmap=b", "--configmap=a", "--configmap=b", NS="shop").config_maps == ("b", "a")


@pytest.mark.parametrize(
    "arguments",
    [
        "--configmap=a --configmap=b --trafficsplit=x",
        "--configmap=a --configmap=b --trafficsplit=x --trafficsplit=y --trafficsplit=z",
        "--trafficsplit=x",
    ],
)
def test_numbers_that_do_not_match_are_refused(arguments: str) -> None:
    with pytest.raises(Refused, match="mismatching number of configmaps and trafficsplits"):
        options(*arguments.split(), NS="shop")


def test_smi_alone_is_refused() -> None:
    with pytest.raises(Refused, match="--trafficsplit"):
        options("--configmap=a", "-smi", NS="shop")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--configmap=", "--configmap: '' is no name in Kubernetes"),
        ("--configmap=a,b", "'a,b' is no name in Kubernetes; give --configmap once for each"),
        ("--configmap=../x", "--configmap: '../x' is no name"),
        ("--configmap=a --trafficsplit=a/b", "--trafficsplit: 'a/b' is no name"),
        ("--configmap=a --namespace=a/b", "--namespace: 'a/b' is no name"),
        ("--configmap=a --trafficsplit=x --trafficsplit-api-version=v1/x", "--trafficsplit-api-version: 'v1/x'"),
        ("--configmap=a --health-port=65536", "--health-port: there is no port 65536"),
        ("--configmap=a --health-port=-1", "--health-port: there is no port -1"),
        ("--configmap=a --log-level=loud", "--log-level: there is no level 'loud'"),
        ("--configmap=a --log-format=xml", "--log-format: 'xml' is none"),
    ],
)
def test_what_cannot_be_is_refused_with_its_flag(arguments: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        options(*arguments.split(), NS="shop")
    assert words in str(caught.value)


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha4", "v2", "v1beta1"])
def test_any_version_of_splits_is_asked_for(version: str) -> None:
    found = options("--configmap=a", "--trafficsplit=x", f"--trafficsplit-api-version={version}", NS="shop")
    assert found.split_version == version


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30.0), ("1m30s", 90.0), ("0", 1.0), ("-5s", 1.0), ("1.5s", 1.5)])
def test_there_is_a_second_between_two_looks_at_least(text: str, seconds: float) -> None:
    assert options("--configmap=a", f"--sync-interval={text}", NS="shop").interval == seconds


def test_what_is_doubtful_is_said() -> None:
    assert warnings("--configmap=a", "-sync-interval=1s") == ()
    assert "--sync-interval: 0 is too short" in warnings("--configmap=a", "-sync-interval=0")[0]
    assert (
        "from 'false -onetime' on the command line is ignored"
        in warnings("--configmap=a", "-watch", "false", "-onetime")[0]
    )
    assert "no --configmap" in warnings()[0]


def test_what_is_new_is_off_unless_it_is_asked_for() -> None:
    found = options("--configmap=a", NS="shop")
    assert (found.publish, found.health_port, found.log_level, found.log_format) == (False, 0, "info", "text")
    found = options(
        "--configmap=a", "-publish-gen", "-health-port=8080", "-health-bind=::", "-log-level=warn", NS="shop"
    )
    assert (found.publish, found.health_port, found.health_bind, found.log_level) == (True, 8080, "::", "warning")
