"""The options of `legation bootstrap` that say what its Envoy trusts and shows, and the files that it needs for that.

The one invariant: who asks for a proof gets TLS. There is no way to have a token sent in the clear.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from legation.envoy.trust import Auth, Trust, TrustPaths

_READABLE = 0o644
"""No file that is written holds anything secret; Envoy may run as somebody else."""
_PATH = click.Path(dir_okay=False)
_FOLDER = click.Path(file_okay=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusting:
    """What was asked for."""

    trust: Trust
    paths: TrustPaths

    @property
    def files(self) -> Mapping[str, str]:
        """The files that Envoy cannot start without, by name."""
        from legation.envoy.trust import sds_files

        return sds_files(self.paths, auth=self.trust.auth)

    def told(self, *, written: bool) -> str:
        """Return what the owner has to see to.

        Args:
            written: Whether we have written the files that Envoy cannot start without.
        """
        folder, needed = self.trust.sds_folder, self.paths.needed(self.trust.auth)
        lines = [f"Envoy reads {_listed(needed)}, and follows when they are replaced."]
        if lacking := [each for each in needed if not Path(each).exists()]:
            lines.append(f"Not there now, on this machine: {_listed(lacking)}.")
        if not written:
            names = _listed([f"{folder}/{name}" for name in self.files])
            lines.append(f"It does not start without {names}: --write DIR writes them, a ConfigMap may bring them.")
        return "\n".join(lines)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options; it is called with `trusting`: a function from the server's host to a `Trusting`."""

    @functools.wraps(command)
    def gathered(*args: Any, tls: bool, server_name: str | None, auth: Auth | None, **rest: Any) -> Any:
        given: dict[str, str | None] = {name: rest.pop(name) for name in ("trust_dir", "ca", "token_file")}
        given |= {name: rest.pop(name) for name in ("cert", "key", "sds_dir")}
        of_tls = {"--auth": auth, "--server-name": server_name, **{_flag(name): at for name, at in given.items()}}
        asked = [flag for flag, value in of_tls.items() if value is not None]
        if asked and not tls and auth is None:
            raise click.UsageError(f"{asked[0]} is about TLS: add --tls")
        wanted = tls or auth is not None
        trusting = functools.partial(_trusting, server_name=server_name, auth=auth or "token", given=given)
        return command(*args, trusting=trusting if wanted else None, **rest)

    for option in reversed(_options()):
        gathered = option(gathered)
    return gathered


def _options() -> tuple[Callable[[Any], Any], ...]:
    from legation.envoy.trust import TRUST_FOLDER

    return (
        click.option("--tls", is_flag=True, help="Reach the server over TLS, and check its certificate."),
        click.option(
            "--server-name",
            metavar="NAME",
            help="What the server's certificate says: a DNS name, an address, or a URI.  [default: the host of --xds]",
        ),
        click.option(
            "--auth",
            type=click.Choice(("token", "certificate", "none")),
            help="How the Envoy proves who it is; over TLS alone.  [default: token]",
        ),
        click.option(
            "--trust-dir",
            type=_FOLDER,
            metavar="DIR",
            help="Where Envoy finds ca.crt and its token, or tls.crt and tls.key."
            f"  [default: {TRUST_FOLDER}, where the volume of a Pod is]",
        ),
        click.option("--ca", type=_PATH, metavar="FILE", help="The CAs of the server, where they stand elsewhere."),
        click.option("--token-file", type=_PATH, metavar="FILE", help="The same for the token."),
        click.option("--cert", type=_PATH, metavar="FILE", help="The same for the Envoy's certificate."),
        click.option("--key", type=_PATH, metavar="FILE", help="The same for its key; beside the certificate."),
        click.option(
            "--sds-dir",
            type=_FOLDER,
            metavar="DIR",
            help="Where Envoy finds the files that name these.  [default: that of --write, else that of --trust-dir]",
        ),
    )


def _trusting(host: str, *, write: str | None, server_name: str | None, auth: Auth, given: dict[str, Any]) -> Trusting:
    from legation.envoy.trust import TRUST_FOLDER, Trust, TrustPaths

    folder = _absolute(given["trust_dir"] or TRUST_FOLDER)
    within = TrustPaths.within(folder)
    paths = TrustPaths(
        ca=_absolute(given["ca"] or within.ca),
        token=_absolute(given["token_file"] or within.token),
        certificate=_absolute(given["cert"] or within.certificate),
        key=_absolute(given["key"] or within.key),
    )
    unused = {"token": ("cert", "key"), "certificate": ("token_file",), "none": ("cert", "key", "token_file")}[auth]
    for name in unused:
        if given[name] is not None:
            raise click.UsageError(f"{_flag(name)} is not for --auth {auth}: leave it out, or choose another --auth")
    if auth == "certificate" and Path(paths.certificate).parent != Path(paths.key).parent:
        raise click.UsageError("--cert and --key stand in one folder, so that Envoy sees both of them change at once")
    sds = given["sds_dir"] or write or folder
    if server_name == "":
        raise click.UsageError("--server-name is empty: say what the server's certificate is for")
    return Trusting(trust=Trust(server_name=server_name or host, auth=auth, sds_folder=_absolute(sds)), paths=paths)


def write(folder: str, files: Mapping[str, str]) -> None:
    """Write files into a folder, each of them at once.

    Raises:
        click.ClickException: One cannot be written.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            _replace(Path(folder) / name, text)
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written: {error.strerror}") from error


def _replace(place: Path, text: str) -> None:
    descriptor, beside = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        Path(beside).chmod(_READABLE)
        Path(beside).replace(place)
    except BaseException:
        Path(beside).unlink()
        raise


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _listed(names: tuple[str, ...] | list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
