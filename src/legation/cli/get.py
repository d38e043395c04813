"""`legation get`: the objects that the running server stores, once or on and on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from legation.cli import api_options, options, printing
from legation.cli.kind_words import KindName, KindWord
from legation.model.node import DEFAULT_NAMESPACE

if TYPE_CHECKING:
    from legation.client import Client, Delivery, Reference, StoredObject


@click.command(short_help="Show the objects that the running server stores.")
@click.argument("words", nargs=-1, type=KindWord(), metavar="[KIND[,KIND...] | KIND NAME... | KIND/NAME...]")
@api_options.namespace
@click.option("-A", "--all-namespaces", is_flag=True, help="Those of all namespaces.")
@click.option("-l", "--selector", default="", metavar="LABELS", help="Those with these labels: team=edge,tier!=test.")
@click.option("-w", "--watch", is_flag=True, help="Go on, and show what changes.")
@click.option("--managed-fields", is_flag=True, help="Show who owns which field, too.")
@click.option("--secrets", is_flag=True, help="Show secrets as they are; only over the Unix socket.")
@options.output("table", "yaml", "json", "name")
@api_options.server
def get(
    *,
    words: tuple[str, ...],
    namespace: str,
    all_namespaces: bool,
    selector: str,
    watch: bool,
    managed_fields: bool,
    secrets: bool,
    output: str,
    server: str | None,
) -> None:
    """Show the objects that the running server stores: all, those of a kind, or some by name.

    Without -n and -A those of the namespace `default`. Exit status: 0 shown, 1 not there, 2 nobody is there.
    """
    from legation.cli import kind_words, object_forms

    if namespace and all_namespaces:
        raise click.UsageError("-n says one namespace and -A all: leave one out")
    where = "" if all_namespaces else namespace or DEFAULT_NAMESPACE
    named = len(words) > 1 or any("/" in each for each in words)
    if named and (all_namespaces or selector):
        raise click.UsageError("objects that are named need neither -A nor -l")
    references = kind_words.read_references(words, namespace=namespace) if named else []
    kinds = [kind_words.read_kind(each) for each in words[0].split(",")] if words and not named else [KindName("")]
    with api_options.connected(server) as client:
        if watch:
            if selector or len(references) > 1 or len(kinds) > 1:
                raise click.UsageError("--watch follows all objects, those of a kind, or one: leave the rest out")
            from legation.cli.object_watch import follow

            one = references[0] if references else None
            follow(
                client,
                KindName(one.kind, one.group) if one else kinds[0],
                name=one.name if one else "",
                namespace=where,
                output=output,
                secrets=secrets,
            )
            return
        if named:
            found = [
                client.get(
                    each.kind,
                    each.name,
                    namespace=each.namespace,
                    group=each.group,
                    managed_fields=managed_fields,
                    secrets=secrets,
                )
                for each in references
            ]
        else:
            found = [
                each
                for kind in kinds
                for each in _listed(client, kind, where, selector, managed_fields=managed_fields, secrets=secrets)
            ]
        only = kinds[0] if len(kinds) == 1 else KindName("")
        deliveries = _deliveries(client, only, where) if output == "table" and found else {}
    if output != "table":
        object_forms.show(found, output, alone=named)
    elif found:
        _show_table(found, deliveries, namespaces=all_namespaces, kinds=not only.kind)
    else:
        object_forms.tell_none("objects", where)


def _listed(
    client: Client, kind: KindName, namespace: str, selector: str, *, managed_fields: bool, secrets: bool
) -> list[StoredObject]:
    return list(
        client.list(
            kind.kind,
            group=kind.group,
            namespace=namespace,
            label_selector=selector,
            managed_fields=managed_fields,
            secrets=secrets,
        )
    )


def _deliveries(client: Client, kind: KindName, namespace: str) -> dict[Reference, Delivery]:
    """Return what Envoys have of objects now."""
    from legation.client import Delivery, Synced, Topic

    found: dict[Reference, Delivery] = {}
    for event in client.watch(Topic.DELIVERY, kind=kind.kind, group=kind.group, namespace=namespace):
        if isinstance(event, Delivery):
            found[event.object] = event
        elif isinstance(event, Synced):
            break
    return found


def _show_table(
    found: Sequence[StoredObject], deliveries: Mapping[Reference, Delivery], *, namespaces: bool, kinds: bool
) -> None:
    from legation.cli.object_table import table

    now = datetime.now(UTC)
    for line in table(found, deliveries, now=now, namespaces=namespaces, kinds=kinds):
        click.echo(line)
    for each in found:
        for problem in each.problems:
            click.echo(printing.printable(f"{each.object}: {problem.level}: {problem.sentence}"), err=True)
