"""`legation pki`: certificates of our own in a folder, for those who have no other authority."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import click

from legation.cli import options, printing

if TYPE_CHECKING:
    from legation.pki.place import Looked, Place

_DURATION = re.compile(r"(\d{1,9}(?:\.\d+)?)(s|m|h|d)")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_LONGEST = 100 * 365 * 86_400.0
_SHARE = 4
"""The life of an authority is so many times the time for which it is trusted before it signs, at least."""
_TRUST_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9._]{0,253}[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ACCOUNT = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
_LOCAL = ("localhost", "127.0.0.1", "::1")
"""By these every server is called as well."""
_LONGEST_FOLDER = 200

_SELDOM = 3 * 3_600.0
"""What lives shorter may end between two hours: it is renewed when two thirds are over."""

Command = TypeVar("Command", bound=Callable[..., Any])


class Duration(click.ParamType[float]):
    """A length of time, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds of `90d`, `24h`, `10m`, `30s`."""
        if isinstance(value, float):
            return value
        found = _DURATION.fullmatch(str(value))
        seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
        if not 1.0 <= seconds <= _LONGEST:
            self.fail(f"{value!r} is no length of time, such as 90d, 24h, 10m or 30s", param, ctx)
        return seconds


_DURATIONS = Duration()


def _dir(command: Command) -> Command:
    text = "The folder of the authority; others than its owner are not let in."
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option("--dir", "folder", required=True, metavar="DIR", type=kind, help=text)(command)


@click.group(short_help="Make certificates of your own, and keep them up to date.")
def pki() -> None:
    """Keep a small authority in a folder: a certificate for the server, short-lived ones for Envoys.

    Who has cert-manager, SPIRE or another authority needs none of this: legation serve --tls DIR takes theirs.
    """


@pki.command(short_help="Make an authority and the server's certificate.")
@_dir
@click.option(
    "--server-name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A DNS name or an address that Envoys call the server by; may be given many times.",
)
@click.option(
    "--trust-domain",
    default="legation",
    show_default=True,
    metavar="NAME",
    help="In the names of clients: spiffe://NAME/...",
)
@click.option("--authority-life", type=_DURATIONS, default="3650d", show_default=True, help="Of an authority.")
@click.option("--server-life", type=_DURATIONS, default="90d", show_default=True, help="Of the server's certificate.")
@click.option("--client-life", type=_DURATIONS, default="24h", show_default=True, help="Of clients' certificates.")
@click.option(
    "--overlap",
    type=_DURATIONS,
    default="1h",
    show_default=True,
    help="How long a new authority is trusted before it signs; longer than anybody needs to get its certificate.",
)
def init(
    *,
    folder: Path,
    names: tuple[str, ...],
    trust_domain: str,
    authority_life: float,
    server_life: float,
    client_life: float,
    overlap: float,
) -> None:
    """Make an authority in DIR, and a certificate for the server.

    What is in DIR/server is for: legation serve --tls DIR/server --client-ca DIR/ca.crt
    """
    if not _TRUST_DOMAIN.fullmatch(trust_domain):
        raise click.BadParameter(
            f"{trust_domain!r} is no trust domain; it has small letters, digits, dots, - and _",
            param_hint="'--trust-domain'",
        )
    if authority_life < _SHARE * overlap:
        raise click.BadParameter("it is too long for authorities that live so shortly", param_hint="'--overlap'")
    from legation.pki.ledger import Ledger

    begun = Ledger(
        trust_domain=trust_domain,
        authority_life=authority_life,
        trusted_before=overlap,
        server_life=server_life,
        client_life=client_life,
    )
    _tell(_place(folder).begin(begun, names=_names(names)))
    click.echo(f"serve with it: legation serve --tls {folder / 'server'} --client-ca {folder / 'ca.crt'}")
    click.echo(f"have cron keep it up to date, each hour: legation pki rotate --dir {folder}")


@pki.command(short_help="Make a certificate for an Envoy.")
@_dir
@click.option("--node", "node_id", metavar="ID", help="For the Envoy of this node id.")
@click.option(
    "--service-account", "account", metavar="NAMESPACE/NAME", help="For the Envoys in Pods of this service account."
)
@click.option(
    "--server-name",
    "server_names",
    multiple=True,
    metavar="NAME",
    help="For the server, called by this name; may be given many times.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where it is kept; else below DIR.",
)
@click.option("--life", type=_DURATIONS, help="How long it lives; else as legation pki init was told.")
def issue(
    *,
    folder: Path,
    node_id: str | None,
    account: str | None,
    server_names: tuple[str, ...],
    out: Path | None,
    life: float | None,
) -> None:
    """Make a certificate, and have `legation pki rotate` keep it up to date.

    The folder has tls.crt, tls.key and ca.crt in it, as legation bootstrap --auth certificate --trust-dir FOLDER wants
    it. They are replaced together, and Envoy follows.
    """
    if sum(map(bool, (node_id, account, server_names))) != 1:
        raise click.UsageError("for whom? Say one of --node ID, --service-account NAMESPACE/NAME, --server-name NAME")
    from legation.pki.ledger import Entry
    from legation.pki.place import CLIENTS, SERVER

    place = _place(folder)
    found = place.read()
    if server_names:
        name, names = SERVER, _names(server_names)
        below = SERVER
    else:
        name, path = _of_node(node_id) if node_id else _of_account(account or "")
        names = (f"spiffe://{found.trust_domain}/{path}",)
        below = f"{CLIENTS}/{name}"
    before = found.entry(name)
    where = str(out.absolute()) if out is not None else before.folder if before else below
    entry = Entry(
        name=name,
        names=names,
        role="server" if server_names else "client",
        folder=where,
        life=life or (before.life if before else found.server_life if server_names else found.client_life),
    )
    if entry.life < _SELDOM:
        click.echo("it lives too shortly for a cron of each hour: leave legation pki rotate --watch running", err=True)
    _tell(place.issue(entry))
    if before is not None and before.folder != where:
        click.echo(f"the one in {place.path(before)} is not kept up to date any more: delete it", err=True)
    click.echo(f"{name} is {', '.join(names)}")


@pki.command(short_help="Renew what is due.")
@_dir
@click.option("--force", is_flag=True, help="Make all certificates anew, whatever is due.")
@click.option("--new-authority", is_flag=True, help="Make a new authority; it signs when the overlap is over.")
@click.option("--watch", is_flag=True, help="Go on until a signal comes, and renew what is due when it is due.")
def rotate(*, folder: Path, force: bool, new_authority: bool, watch: bool) -> None:
    """Renew certificates of which two thirds of the life are over, and the authority likewise.

    It may be run at any time, by cron or by hand, and by several at once; where nothing is due it writes nothing. A new
    authority is trusted by all before it signs, and the old one until what it has signed has ended.
    """
    place = _place(folder)
    if not watch:
        _tell(place.look(anew=force, authority=new_authority))
        return
    from legation.cli.pki_watch import watch as keep

    keep(place, force=force, new_authority=new_authority)


@pki.command(short_help="Show what there is, and when it is renewed.")
@_dir
@options.output("text", "json")
def status(*, folder: Path, output: str) -> None:
    """Show the authorities and the certificates, how long they live, and what is wrong; then the status is 1."""
    from legation.cli import pki_status

    found = pki_status.of(_place(folder))
    if output == "json":
        click.echo(printing.to_json(pki_status.as_json(found)), nl=False)
    else:
        for line in pki_status.lines(found):
            click.echo(line)
    sys.exit(0 if found.is_fine else 1)


@pki.command(short_help="Let a certificate end.")
@_dir
@click.argument("name")
def forget(*, folder: Path, name: str) -> None:
    """Do not renew the certificate NAME any more; it ends by itself, and so does what its owner may do."""
    where = _place(folder).forget(name)
    click.echo(f"{name} is not renewed any more; until it ends it is good: what is in {where} may be deleted")


def _place(folder: Path) -> Place:
    from legation.pki.place import Place

    return Place(folder.absolute())


def _tell(looked: Looked) -> None:
    for each in looked.done:
        click.echo(each)
    for each in looked.failed:
        click.echo(f"legation: {each}", err=True)
    if looked.failed:
        sys.exit(1)


def _names(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*given, *_LOCAL)))


def _of_node(node_id: str) -> tuple[str, str]:
    quoted = quote(node_id, safe="")
    if len(quoted) > _LONGEST_FOLDER:
        import hashlib

        digest = hashlib.sha256(node_id.encode()).hexdigest()[:16]
        return f"node-{quoted[:100]}-{digest}", f"node/{quoted}"
    return f"node-{quoted}", f"node/{quoted}"


def _of_account(account: str) -> tuple[str, str]:
    namespace, slash, name = account.partition("/")
    if not slash or not _NAMESPACE.fullmatch(namespace) or not _ACCOUNT.fullmatch(name):
        raise click.BadParameter(
            f"{account!r} is not NAMESPACE/NAME, such as shop/web", param_hint="'--service-account'"
        )
    return f"sa-{namespace}.{name}", f"ns/{namespace}/sa/{name}"
