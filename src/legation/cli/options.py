"""Options that several commands share; those of the settings follow from the table of settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from legation import settings
from legation.settings import Setting

_HIGHEST_PORT = 65535

Command = TypeVar("Command", bound=Callable[..., Any])


class SettingValue(click.ParamType[str]):
    """What was written for a setting, as it stands: `legation.settings` reads flags, variables and the file alike."""

    def __init__(self, row: Setting) -> None:
        self.name = row.kind.metavar
        self._row = row

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the words that the setting may be, or files for a path."""
        del ctx, param
        if self._row.kind is settings.PATH:
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(each) for each in self._row.kind.choices if each.startswith(incomplete)]


def of_settings(table: settings.Table[Any]) -> Callable[[Command], Command]:
    """Give a command an option or an argument for every setting."""

    def give(command: Command) -> Command:
        for row in reversed((settings.CONFIG, *table.rows)):
            command = of_setting(row)(command)
        return command

    return give


def of_setting(row: Setting) -> Callable[[Command], Command]:
    """Give a command the option or the argument of one setting."""
    if row.argument:
        return click.argument(row.name, required=False, metavar=row.argument, type=SettingValue(row))
    default = f"; default: {row.shown_default}" if row.shown_default else ""
    text = f"{row.text}  [{row.variable}{default}]"
    if row.kind.deniable:
        both = f"{row.flag}/--no-{row.flag.removeprefix('--')}"
        return click.option(both, row.name, default=None, help=text)
    if row.kind.bare:
        return click.option(row.flag, row.name, is_flag=True, flag_value="on", default=None, help=text)
    return click.option(row.flag, row.name, metavar=row.kind.metavar, type=SettingValue(row), help=text)


def given_settings() -> settings.Settings:
    """Return what the environment and the file that it names say; for commands that talk to a server."""
    return settings.load(settings.SERVE, flags={}, environ=os.environ)


def node(command: Command) -> Command:
    """Give a command the option `--node`."""
    text = "The Envoy's node id."
    return click.option("--node", "node_id", required=True, metavar="ID", callback=_not_empty, help=text)(command)


def _not_empty(ctx: click.Context, param: click.Parameter, given: str) -> str:
    if not given:
        raise click.BadParameter("it is empty, and no Envoy without a node id is served", ctx=ctx, param=param)
    return given


def labels(command: Command) -> Command:
    """Give a command the option `--label`, which comes as a dictionary of all that were given."""
    text = "A label of the node; may be given many times."
    return click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", callback=_pairs, help=text)(command)


def _pairs(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for label in given:
        key, equals, value = label.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"{label!r} is not KEY=VALUE, such as app=edge", ctx=ctx, param=param)
        pairs[key] = value
    return pairs


def l7mp_matching(command: Command) -> Command:
    """Give a command the option `--l7mp-matching`."""
    text = "Whom selectors of VirtualServices mean, as legation serve has it."
    return click.option(
        "--l7mp-matching", type=click.Choice(("all", "any")), default="all", show_default=True, help=text
    )(command)


def output(*formats: str) -> Callable[[Command], Command]:
    """Give a command the option `--output`; the first format is the default."""
    return click.option(
        "-o", "--output", type=click.Choice(formats), default=formats[0], show_default=True, help="How to print it."
    )


_ADMIN = "legation.admin"
"""Where the context of a command holds what its options say of the admin port."""


def admin_access(command: Command) -> Command:
    """Give a command the options that say what is shown at the admin port, and whom to trust there."""
    ca = "Who may sign the certificate of the admin port (PEM); with it there is TLS.  [LEGATION_ADMIN_CA]"
    token = "A file with the token of the admin port.  [LEGATION_ADMIN_TOKEN_FILE]"  # noqa: S105 - words about one
    for name, text in (("admin_token_file", token), ("admin_ca", ca)):
        option = f"--{name.replace('_', '-')}"
        command = click.option(option, name, metavar="FILE", expose_value=False, callback=_noted, help=text)(command)
    return command


def _noted(ctx: click.Context, param: click.Parameter, given: str | None) -> None:
    if given is not None:
        ctx.meta.setdefault(_ADMIN, {})[param.name] = given


def admin_given(name: str) -> str | None:
    """Return what an option of `admin_access` says, or else the environment."""
    context = click.get_current_context(silent=True)
    given = {} if context is None else context.meta.get(_ADMIN, {})
    return given.get(name) or os.environ.get(f"LEGATION_{name.upper()}") or None


def admin(command: Command) -> Command:
    """Give a command the option `--admin`."""
    command = admin_access(command)
    text = "The admin port of the running server.  [default: what LEGATION_ADMIN_PORT or localhost:18001 says]"
    return click.option("--admin", metavar="HOST:PORT", help=text)(command)


def address(given: str, *, option: str) -> tuple[str, int]:
    """Return the host and the port of `host:port`.

    Raises:
        click.BadParameter: It is not written that way.
    """
    host, _, port = given.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        raise click.BadParameter(f"{given!r} is not HOST:PORT, such as localhost:18000", param_hint=repr(option))
    return host.removeprefix("[").removesuffix("]"), int(port)
