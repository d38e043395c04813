"""The flags of crossover: its own thirteen, and those that came later, which are off."""

from __future__ import annotations

from collections.abc import Mapping

from legation.crossover.flags_common import OF_BOTH, interval_of, log_format_of, log_level_of, namespace_flag, port_of
from legation.crossover.go_flags import Flag, FlagSet, Kind, Parsed
from legation.crossover.options import RUNTIME, Options, checked_namespace, checked_version, paired

_VERSION = "v1alpha2"
_OWN = (
    Flag(
        name="output-dir",
        kind=Kind.TEXT,
        usage=f"folder in which the folder current holds the files; if empty, {RUNTIME}",
    ),
    Flag(name="smi", kind=Kind.SWITCH, usage="apply TrafficSplits; so it is anyhow if one is named"),
    Flag(
        name="trafficsplit",
        kind=Kind.TEXTS,
        usage="name of the TrafficSplit for the configmap of the same position, or the only one; may be repeated",
    ),
    Flag(
        name="trafficsplit-api-version",
        kind=Kind.TEXT,
        default=_VERSION,
        usage="version of split.smi-spec.io to ask for",
    ),
    Flag(
        name="publish-gen",
        kind=Kind.SWITCH,
        usage="with trafficsplit: show what is written in the ConfigMap <configmap>-gen too",
    ),
)


def flag_set(environment: Mapping[str, str]) -> FlagSet:
    """Return the flags."""
    return FlagSet("crossover", (namespace_flag(environment), *OF_BOTH, *_OWN))


def options(parsed: Parsed, *, mounted_namespace: str) -> Options:
    """Return what is asked for; a flag that the program does not have is as if it were not given.

    Raises:
        Refused: It cannot be done.
    """
    config_maps, splits = paired(parsed.texts("configmap"), parsed.texts("trafficsplit"), smi=parsed.switch("smi"))
    return Options(
        namespace=checked_namespace(parsed.text("namespace"), mounted=mounted_namespace),
        config_maps=config_maps,
        splits=splits,
        server=parsed.text("apiserver"),
        token_file=parsed.text("token-file"),
        insecure=parsed.switch("insecure"),
        output=parsed.text("output-dir") or RUNTIME,
        split_version=checked_version(parsed.text("trafficsplit-api-version") or _VERSION),
        once=parsed.switch("onetime"),
        dry_run=parsed.switch("dry-run"),
        watch=parsed.switch("watch"),
        interval=interval_of(parsed),
        publish=parsed.switch("publish-gen"),
        health_port=port_of(parsed),
        health_bind=parsed.text("health-bind"),
        log_level=log_level_of(parsed),
        log_format=log_format_of(parsed),
    )
