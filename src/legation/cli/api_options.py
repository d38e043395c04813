"""What the commands share that speak to the management API: where it is, how long to wait, and that nobody is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from legation.cli.where import Unreadable
from legation.errors import SettingsError
from legation.settings import kinds

if TYPE_CHECKING:
    from legation.client import Client

Command = TypeVar("Command", bound=Callable[..., Any])
WAIT = "30s"
"""How long `--wait` waits that says no more."""
_ATTEMPTS = 2
"""Who waits at a terminal sees at once that nobody is there."""


_CREDENTIALS = "legation.credentials"
"""Where the context of a command holds what its options say of credentials."""


def server(command: Command) -> Command:
    """Give a command the option `--server`, and those that say what is shown there and whom to trust."""
    for name, metavar, text in reversed(
        (
            ("ca", "FILE", "Who may sign the certificate of the management API (PEM); with it there is TLS."),
            ("token_file", "FILE", "A file with the token that is shown there."),
            ("cert", "FILE", "The certificate that is shown there (PEM); with it there is TLS."),
            ("key", "FILE", "Its key (PEM)."),
            ("server_name", "NAME", "Whose certificate is wanted there, where that is not the host of --server."),
        )
    ):
        command = click.option(
            f"--{name.replace('_', '-')}",
            name,
            metavar=metavar,
            expose_value=False,
            callback=_noted,
            help=f"{text}  [LEGATION_{name.upper()}]",
        )(command)
    text = "Where the management API is.  [LEGATION_SERVER; default: localhost:18005]"
    return click.option("--server", metavar="HOST:PORT|unix:PATH", help=text)(command)


def _noted(ctx: click.Context, param: click.Parameter, given: str | None) -> None:
    if given is not None:
        ctx.meta.setdefault(_CREDENTIALS, {})[param.name] = given


def namespace(command: Command) -> Command:
    """Give a command the option `--namespace`."""
    text = "The namespace; without it `default`."
    return click.option("-n", "--namespace", metavar="NAME", default="", help=text)(command)


def field_manager(command: Command) -> Command:
    """Give a command the options that say who owns fields."""
    text = "Who owns the fields that are stored."
    command = click.option("--force", is_flag=True, help="Take over fields that others own with another value.")(
        command
    )
    return click.option("--field-manager", metavar="NAME", default="legation", show_default=True, help=text)(command)


def dry_run(command: Command) -> Command:
    """Give a command the option `--dry-run`."""
    return click.option("--dry-run", is_flag=True, help="Say what would become of it, and store nothing.")(command)


class Duration(click.ParamType[float]):
    """Seconds, written as a number or a duration."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        try:
            return float(kinds.SECONDS.read(value))
        except ValueError:
            self.fail(f"{value!r} is not {kinds.SECONDS.expects}", param, ctx)


def wait(command: Command) -> Command:
    """Give a command of `Waiting` the option `--wait`, which may stand alone."""
    text = "Return when the Envoys have accepted it, or when that time is over: then with exit status 1."
    return click.option("--wait", type=Duration(), metavar="[=DURATION]", help=f"{text}  [{WAIT}]")(command)


class Waiting(click.Command):
    """A command whose `--wait` takes a time only behind an `=`, so that it never takes the argument after it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(
            ctx, [f"--wait={WAIT}" if at < end and each == "--wait" else each for at, each in enumerate(args)]
        )


@contextmanager
def connected(given: str | None, *, field_manager: str = "legation") -> Iterator[Client]:
    """Yield a client of the API.

    Args:
        given: What `--server` says, if it was given.
        field_manager: Who owns the fields that are stored.

    Raises:
        Unreadable: Nobody is there.
    """
    # What gRPC itself notes of connections is not for who reads the output of a command.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from legation.client import Client, Credentials, Unavailable

    context = click.get_current_context(silent=True)
    options = {} if context is None else context.meta.get(_CREDENTIALS, {})
    credentials = replace(Credentials.of(os.environ), **options)
    try:
        client = Client(given, credentials=credentials, field_manager=field_manager, attempts=_ATTEMPTS)
    except SettingsError as error:
        name, _, words = str(error).partition(": ")
        hint = f"--{name.replace('_', '-')}"
        if given is None and name not in Credentials.__slots__:
            raise
        raise click.BadParameter(words, param_hint=repr(hint)) from error
    with client:
        try:
            yield client
        except Unavailable as error:
            if error.was_reached:
                raise
            raise Unreadable(str(error)) from error
