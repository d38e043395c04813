"""`legation upstream`: clusters with their hosts and their share in routes, at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from legation.cli import api_options, options, printing
from legation.cli.api_options import Waiting
from legation.model.node import DEFAULT_NAMESPACE

if TYPE_CHECKING:
    from legation.client import Host, Route, ServicePort

_KIND, _GROUP = "Upstream", "legation.dev"
_PARTS = 3


@click.group(short_help="Add and remove upstreams at run time.")
def upstream() -> None:
    """Add, remove and list upstreams: a cluster with its hosts, and its share of the traffic of routes."""


@upstream.command(cls=Waiting)
@click.argument("name")
@click.option(
    "--host", "hosts", multiple=True, metavar="ADDRESS:PORT[=WEIGHT]", help="A host; may be given many times."
)
@click.option("--service", metavar="NAME:PORT", help="A Service of the cluster in place of hosts.")
@click.option(
    "--weight", type=click.IntRange(min=0), default=0, metavar="N", help="Its share, beside what routes send to others."
)
@click.option(
    "--base-weight",
    type=click.IntRange(min=0),
    metavar="N",
    help="What a cluster counts that a route names alone; without it 100.",
)
@click.option(
    "--route",
    "routes",
    multiple=True,
    metavar="CONFIGURATION[/VIRTUAL_HOST[/ROUTE]]",
    help="The routes it takes a share in; * for all. May be given many times.",
)
@click.option("--beside", default="", metavar="CLUSTER", help="Only those of the routes that send to this cluster.")
@click.option("--cluster", metavar="YAML", help="Any fields of Envoy's Cluster: '{connect_timeout: 1s}'.")
@options.labels
@api_options.namespace
@api_options.field_manager
@api_options.dry_run
@api_options.wait
@api_options.server
def add(
    *,
    name: str,
    hosts: tuple[str, ...],
    service: str | None,
    weight: int,
    base_weight: int | None,
    routes: tuple[str, ...],
    beside: str,
    cluster: str | None,
    labels: Mapping[str, str],
    namespace: str,
    field_manager: str,
    force: bool,
    dry_run: bool,
    wait: float | None,
    server: str | None,
) -> None:
    """Add an upstream, or change it: what you do not say again goes.

    --label says which Envoys get it: those with these labels. Exit status: 0 stored, 1 refused, or (with --wait) not
    accepted by every Envoy, 2 nobody is there.
    """
    from legation.cli import outcomes

    if bool(hosts) == bool(service):
        raise click.UsageError("where is it? Write --host ADDRESS:PORT, or --service NAME:PORT")
    found, named = [_host(each) for each in hosts], _service(service)
    shares, fields = _routes(routes, beside=beside), _fields(cluster)
    with api_options.connected(server, field_manager=field_manager) as client:
        applied = client.add_upstream(
            name,
            hosts=found,
            service=named,
            weight=weight,
            base_weight=base_weight,
            routes=shares,
            cluster=fields,
            namespace=namespace or DEFAULT_NAMESPACE,
            workload_labels=labels,
            force=force,
            dry_run=dry_run,
        )
        for each in applied.warnings:
            click.echo(printing.printable(f"warning: {each}"), err=True)
        outcomes.stored(client, [applied], dry_run=dry_run, wait=wait)


@upstream.command(cls=Waiting)
@click.argument("name")
@api_options.namespace
@click.option("--ignore-not-found", is_flag=True, help="Do not mind that it is not there.")
@api_options.dry_run
@api_options.wait
@api_options.server
def remove(
    *, name: str, namespace: str, ignore_not_found: bool, dry_run: bool, wait: float | None, server: str | None
) -> None:
    """Remove an upstream: routes lose it first, then its cluster goes."""
    from legation.cli import outcomes

    with api_options.connected(server) as client:
        found = client.remove_upstream(
            name, namespace=namespace or DEFAULT_NAMESPACE, missing_ok=ignore_not_found, dry_run=dry_run
        )
        outcomes.deleted(client, found, dry_run=dry_run, wait=wait)


@upstream.command(name="list")
@api_options.namespace
@click.option("-A", "--all-namespaces", is_flag=True, help="Those of all namespaces.")
@options.output("table", "yaml", "json", "name")
@api_options.server
def list_(*, namespace: str, all_namespaces: bool, output: str, server: str | None) -> None:
    """Show the upstreams: where each is, and its share in which routes."""
    from legation.cli import object_forms, object_table

    where = "" if all_namespaces else namespace or DEFAULT_NAMESPACE
    with api_options.connected(server) as client:
        found = list(client.list(_KIND, group=_GROUP, namespace=where))
    if output != "table":
        object_forms.show(found, output)
    elif found:
        for each in object_table.upstreams(found, namespaces=all_namespaces):
            click.echo(each)
    else:
        object_forms.tell_none("upstreams", where)


def _host(written: str) -> Host:
    from legation.client import Host

    try:
        return Host.of(written)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--host'") from error


def _service(written: str | None) -> ServicePort | None:
    from legation.client import ServicePort

    if written is None:
        return None
    name, colon, port = written.partition(":")
    if not name or not colon or not port:
        raise click.BadParameter(f"{written!r} is not NAME:PORT, such as reviews:http", param_hint="'--service'")
    namespace, _, name = name.rpartition("/")
    return ServicePort(name, port, namespace)


def _routes(written: tuple[str, ...], *, beside: str) -> list[Route]:
    if beside and not written:
        return [_route("*", beside=beside)]
    return [_route(each, beside=beside) for each in written]


def _route(written: str, *, beside: str) -> Route:
    from legation.client import Route

    parts = written.split("/")
    if len(parts) > _PARTS or not (beside or any(each not in {"", "*"} for each in parts)):
        raise click.BadParameter(
            f"{written!r} is not CONFIGURATION[/VIRTUAL_HOST[/ROUTE]], such as local_route", param_hint="'--route'"
        )
    configuration, virtual_host, route = ("" if each == "*" else each for each in [*parts, "", ""][:_PARTS])
    return Route(configuration, virtual_host, route, beside)


def _fields(written: str | None) -> Mapping[str, Any] | None:
    from legation.texts import kubectl_yaml

    if written is None:
        return None
    try:
        found = kubectl_yaml.load(written).value
    except kubectl_yaml.YamlFault as error:
        raise click.BadParameter(f"{error.message}", param_hint="'--cluster'") from error
    if not isinstance(found, dict):
        raise click.BadParameter("it is no mapping, such as '{connect_timeout: 1s}'", param_hint="'--cluster'")
    return found
