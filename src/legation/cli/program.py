"""The program itself: its subcommands, and how mistakes are told.

A mistake of the user is one line on stderr with the mend in it, never a traceback: exit 2 for wrong usage, 1 for
failure.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from legation.cli.apply import apply
from legation.cli.blame import blame
from legation.cli.bootstrap import bootstrap
from legation.cli.completion import completion
from legation.cli.config import config
from legation.cli.crds import crds
from legation.cli.delete import delete
from legation.cli.diff import diff
from legation.cli.explain import explain
from legation.cli.get import get
from legation.cli.inject import inject
from legation.cli.pki import pki
from legation.cli.problems import problems
from legation.cli.proxies import proxies
from legation.cli.render import render
from legation.cli.serve import serve
from legation.cli.sync import sync
from legation.cli.upstream import upstream
from legation.cli.validate import validate
from legation.cli.wait import wait
from legation.cli.watch import watch
from legation.errors import LegationError, SettingsError

_FAILURE = 1
_WRONG_USAGE = 2
_INTERRUPTED = 130


class Program(click.Group):
    """A group of commands that tells every mistake in one line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line and exit; see `click.Command.main`."""
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = _WRONG_USAGE
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else self.name
            code = _say(f"{path}: {_sentence(error.format_message())} (see {path} --help)", code=_WRONG_USAGE)
        except click.ClickException as error:
            code = _say(f"legation: {_sentence(error.format_message())}", code=error.exit_code)
        except click.Abort:
            code = _INTERRUPTED
        except SettingsError as error:
            code = _say(f"legation: {error}", code=_WRONG_USAGE)
        except LegationError as error:
            code = _say(f"legation: {error}", code=_FAILURE)
        sys.exit(code or 0)


def _say(line: str, *, code: int) -> int:
    click.echo(line, err=True)
    return code


def _sentence(message: str) -> str:
    return " ".join(message.split()).replace(". (", " (").removesuffix(".")


@click.group(name="legation", cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="legation", message="%(prog)s %(version)s")
def main() -> None:
    """A control plane for Envoy: manifests of a directory or a cluster, delivered to every Envoy safely."""


for _command in (
    serve,
    sync,
    apply,
    get,
    delete,
    upstream,
    wait,
    watch,
    validate,
    render,
    explain,
    diff,
    blame,
    bootstrap,
    pki,
    inject,
    proxies,
    config,
    problems,
    crds,
    completion,
):
    main.add_command(_command)
