"""The flags of envoy-xds-configmap-loader, which crossover grew from: no folder to choose, no TrafficSplit."""

from __future__ import annotations

from collections.abc import Mapping

from legation.crossover.flags_common import OF_BOTH, interval_of, log_format_of, log_level_of, namespace_flag, port_of
from legation.crossover.go_flags import FlagSet, Parsed
from legation.crossover.options import Options, checked_namespace, paired


def flag_set(environment: Mapping[str, str]) -> FlagSet:
    """Return the flags."""
    return FlagSet("envoy-xds-configmap-loader", (namespace_flag(environment), *OF_BOTH))


def options(parsed: Parsed, *, mounted_namespace: str) -> Options:
    """Return what is asked for.

    Raises:
        Refused: It cannot be done.
    """
    config_maps, splits = paired(parsed.texts("configmap"), ())
    return Options(
        namespace=checked_namespace(parsed.text("namespace"), mounted=mounted_namespace),
        config_maps=config_maps,
        splits=splits,
        server=parsed.text("apiserver"),
        token_file=parsed.text("token-file"),
        insecure=parsed.switch("insecure"),
        once=parsed.switch("onetime"),
        dry_run=parsed.switch("dry-run"),
        watch=parsed.switch("watch"),
        interval=interval_of(parsed),
        health_port=port_of(parsed),
        health_bind=parsed.text("health-bind"),
        log_level=log_level_of(parsed),
        log_format=log_format_of(parsed),
    )
