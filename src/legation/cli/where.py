"""Where the objects of a command come from: files, folders and standard input, or a cluster that is read once.

What is read goes the same way that a server's objects go (`runtime.served`): there is no second one.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from legation import settings
from legation.cli import options
from legation.errors import LegationError, SettingsError

if TYPE_CHECKING:
    from legation.cli.rendering import Ask
    from legation.model.problems import Problem
    from legation.runtime.intake import Heard
    from legation.runtime.served import Served
    from legation.settings import Settings
    from legation.sources.base import Source

Command = TypeVar("Command", bound=Callable[..., Any])
Flags = dict[str, Any]
"""Settings by name, as far as the command line says them; None: it does not."""

OF_THE_CLUSTER = ("kubeconfig", "context", "namespaces", "selector", "secrets", "secret_namespaces")
"""Settings that say which cluster, and what of it."""
OF_ALL = ("cross_namespace", "l7mp_matching", "unknown_fields")
"""Settings that say what objects mean, wherever they come from."""
_OF_JUDGES = ("dry_run", "dry_run_timeout", "envoy_binary")
"""Settings that say whether a real Envoy is asked."""
_OF_SERVING = frozenset({"no-good-version", "kept"})
_PATIENCE = 30.0
"""Seconds within which a cluster has to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What the command line says of where objects come from."""

    paths: tuple[str, ...]
    settings: Settings
    """Those of `legation serve`, as far as they say what objects mean."""

    @property
    def of_cluster(self) -> bool:
        """Whether a cluster is read."""
        return not self.paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was read, and what a server would make of it."""

    served: Served
    heard: Heard
    """The objects, good and bad, and what the cluster tells beside them."""
    source: Source
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of files: their texts, by the name that places have."""
    aside: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those of them that Envoy reads itself: bootstraps and discovery files."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong with the objects, each with the place of its field.

        Without what follows for Envoys that are served: here none is.
        """
        from legation.cli.causes import with_causes

        return tuple(with_causes(each for each in self.served.problems if each.code not in _OF_SERVING))


def objects(*, required: bool = True, judged: bool = False) -> Callable[[Command], Command]:
    """Give a command `FILES...` and the options of a cluster; it is called with `where`.

    Args:
        required: Whether either of them has to be there; else `where` is None where neither is.
        judged: Whether a real Envoy may be asked about them, by options of their own.
    """
    names = (*OF_THE_CLUSTER, *OF_ALL, *(_OF_JUDGES if judged else ()))

    def give(command: Command) -> Command:
        @functools.wraps(command)
        def gathered(*args: Any, **kwargs: Any) -> Any:
            paths, kubernetes, flags = kwargs.pop("files"), kwargs.pop("kubernetes"), kwargs.pop("flags")
            where = _where(paths, flags, kubernetes=kubernetes, required=required)
            return command(*args, where=where, **kwargs)

        given: Any = with_settings(*names)(gathered)
        given = click.option("--kubernetes", is_flag=True, help="Read the objects of a Kubernetes cluster, once.")(
            given
        )
        return click.argument("files", nargs=-1, type=click.Path(), metavar="[FILES]...")(given)  # type: ignore[no-any-return]  # click gives back what it is given

    return give


def with_settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of these settings; it is called with `flags`."""

    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def gathered(*args: Any, **kwargs: Any) -> Any:
            flags: Flags = {name: kwargs.pop(name) for name in names}
            return command(*args, flags=flags, **kwargs)

        given: Callable[..., Any] = gathered
        for name in reversed(names):
            given = options.of_setting(settings.SERVE.by_name[name])(given)
        return given

    return give


def misplaced(flags: Flags) -> str | None:
    """Return a flag that was given and is about a cluster, if there is one."""
    return next((settings.SERVE.by_name[name].flag for name in OF_THE_CLUSTER if flags[name] is not None), None)


def _where(paths: tuple[str, ...], flags: Flags, *, kubernetes: bool, required: bool) -> Where | None:
    if paths and kubernetes:
        raise click.UsageError("objects come from files or from the cluster: leave FILES or --kubernetes out")
    if not paths and not kubernetes:
        if not required:
            return None
        raise click.UsageError("where are the objects? Name files or folders, - for standard input, or --kubernetes")
    if paths and (flag := misplaced(flags)):
        raise click.UsageError(f"{flag} is about a cluster: leave it out, or write --kubernetes in place of FILES")
    return Where(paths=paths, settings=settings.load(settings.SERVE, flags=flags, environ=os.environ))


class Unreadable(click.ClickException):
    """What was named cannot be read."""

    exit_code = 2


def read(where: Where, *, judge: Ask | None = None) -> Found:
    """Read all of it once.

    Args:
        where: What is read.
        judge: Says of resources what a real Envoy says, if it is to be asked.

    Raises:
        Unreadable: A path or the cluster cannot be read.
    """
    import asyncio

    from legation.cli.matching import any_label
    from legation.cli.rendering import served_of
    from legation.model.problems import Level
    from legation.runtime.admission import Rules

    _log_to_stderr()
    found = where.settings.cluster
    rules = Rules(
        check_peer=False,
        across_namespaces=found.cross_namespace == "allow",
        any_label=any_label(found.l7mp_matching),
        unknown_fields=Level(where.settings.unknown_fields),
    )
    try:
        source = _cluster(where.settings) if where.of_cluster else _files(where.paths)
        loaded = asyncio.run(served_of((source,), rules=rules, patience=_PATIENCE, judge=judge))
    except SettingsError:
        raise
    except LegationError as error:
        raise Unreadable(str(error)) from error
    texts, aside = getattr(source, "texts", {}), getattr(source, "aside", {})
    return Found(served=loaded.served, heard=loaded.heard, source=source, texts=texts, aside=aside)


def _log_to_stderr() -> None:
    """Have the log of these few moments stand beside what is printed, not in it."""
    import structlog

    if not structlog.is_configured():
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def _files(paths: tuple[str, ...]) -> Source:
    from legation.runtime.envoy_files import is_envoys
    from legation.sources.paths import PathsSource

    return PathsSource(paths, read_stdin=sys.stdin.buffer.read, aside=is_envoys)


def _cluster(found: Settings) -> Source:
    # What speaks to a cluster costs time to load.
    from legation.cli.connecting import connection_of
    from legation.cli.secrets_side import door, given
    from legation.sources.kubernetes.source import KubernetesSource
    from legation.translate.pipeline import API_KINDS

    cluster = found.cluster
    secrets = given(door(found), asked=cluster.secrets)
    return KubernetesSource(
        connection_of(kubeconfig=cluster.kubeconfig, context=cluster.context),
        kinds=API_KINDS,
        namespaces=cluster.namespaces,
        selector=cluster.selector or "",
        secrets=secrets.on,
        secrets_needed=secrets.asked,
        secret_namespaces=cluster.secret_namespaces,
    )
