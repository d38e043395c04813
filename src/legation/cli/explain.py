"""`legation explain`: what a field means, what it takes, which rules it has and what holds without it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from legation.cli import options, printing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from legation.cli.kind_fields import KindField
    from legation.envoy.explaining.comments import FromPackage, FromProtos
    from legation.envoy.explaining.names import Meant
    from legation.envoy.explaining.wording import Explained

_WIDTH = 96
_NO_MEANING = "(its meaning stands at that address; with `pip install 'legation[explain]'` or --protos it stands here)"


@click.command(short_help="What a field or a type means and takes.")
@click.argument("name", metavar="TYPE[.FIELD]...")
@click.option(
    "--protos",
    type=click.Path(path_type=Path, exists=True),
    help="Envoy's proto files, for their comments: the folder `api` of a checkout, or an archive of it.",
)
@options.output("text", "json", "yaml")
def explain(name: str, protos: Path | None, output: str) -> None:
    """Explain a type or a field: cluster.connect_timeout, HttpConnectionManager, VirtualService.spec.

    A type is one of Envoy's, by its short or its full name, or a kind of object. Fields follow it, each inside the one
    before it, in either spelling.
    """
    value = _explained(name, protos)
    if output == "text":
        click.echo("\n".join(printing.printable(line) for line in _text(value)))
    else:
        click.echo(printing.in_form(value, output), nl=False)


def _explained(name: str, protos: Path | None) -> dict[str, Any]:
    from legation.cli import kind_fields
    from legation.envoy.explaining import names

    if names.is_envoys(name) or not kind_fields.is_meant(name):
        return _of_envoys(name, protos)
    try:
        found = kind_fields.find(name)
    except kind_fields.UnknownField as unknown:
        raise _unknown(str(unknown), unknown.candidates) from unknown
    if found is None:
        return _of_envoys(name, protos)
    field, below = found
    if not below:
        return _kind_value(field)
    return _of_envoys(".".join((_envoy_type(field), *below)), protos)


def _envoy_type(field: KindField) -> str:
    """Return the type of Envoy's that stands in a field of a kind."""
    kind = field.name.partition(".")[0]
    types = {"Route": "RouteConfiguration", "Endpoint": "ClusterLoadAssignment", "Upstream": "Cluster"}
    if kind == "EnvoyResources":
        raise click.UsageError("resources of any type stand there: ask for the type, such as cluster.connect_timeout")
    return types.get(kind, kind)


def _refuse_other_kinds(name: str) -> None:
    """Say so where a kind is meant whose fields no definition of ours describes."""
    from legation.cli import kind_fields
    from legation.translate.pipeline import STEPS

    first = name.partition(".")[0].casefold()
    known = {kind.casefold(): kind for step in STEPS for _, kind in step.kinds}
    if first in known and first not in kind_fields.kinds():
        told = ", ".join(sorted(each["x-kind"] for _, each in kind_fields.kinds().values()))
        raise click.UsageError(f"{known[first]} is a kind of others, who explain it; those explained here are {told}")


def _of_envoys(name: str, protos: Path | None) -> dict[str, Any]:
    from legation.envoy.explaining import comments, names, wording

    try:
        meant = names.find(name)
    except names.UnknownName as unknown:
        _refuse_other_kinds(name)
        raise _unknown(unknown.message, unknown.candidates) from unknown
    source = comments.installed() if protos is None else comments.FromProtos(protos)
    return _value(wording.explain(meant), meant, source)


def _unknown(message: str, candidates: Sequence[str]) -> click.UsageError:
    mend = f"; did you mean {' or '.join(candidates)}?" if candidates else ""
    return click.UsageError(message + mend)


def _value(explained: Explained, meant: Meant, source: FromPackage | FromProtos | None) -> dict[str, Any]:
    from legation.envoy.explaining.markup import categories, is_hidden, plain_text

    raw = source.of(meant.descriptor, member=meant.field.name if meant.field is not None else "") if source else ""
    notes = [*explained.notes, *(["not implemented by Envoy"] if is_hidden(raw) else [])]
    return {
        "name": explained.name,
        "kind": explained.kind,
        "type": explained.type,
        "of": explained.inner,
        "rules": list(explained.rules),
        "default": explained.default,
        "oneof": list(explained.oneof),
        "values": [{"name": each, "meaning": _meaning_of(meant, each, source)} for each in explained.values],
        "fields": [{"name": each.name, "type": each.type, "deprecated": each.deprecated} for each in explained.fields],
        "extensions": list(categories(raw)),
        "notes": notes,
        "meaning": plain_text(raw, width=_WIDTH),
        "link": explained.link,
        "others": list(meant.others),
    }


def _meaning_of(meant: Meant, value: str, source: FromPackage | FromProtos | None) -> str:
    from legation.envoy.explaining.markup import plain_text
    from legation.envoy.explaining.wording import enum_of

    if source is None:
        return ""
    enum = meant.descriptor if meant.field is None else enum_of(meant.field)
    return plain_text(source.of(enum, member=value), width=_WIDTH)


def _kind_value(field: KindField) -> dict[str, Any]:
    import textwrap

    return {
        "name": field.name,
        "kind": "kind" if "." not in field.name else "field",
        "type": field.type,
        "of": field.api_version if "." not in field.name else "",
        "rules": list(field.rules),
        "default": field.default,
        "oneof": [],
        "values": [{"name": each, "meaning": ""} for each in field.values],
        "fields": [{"name": name, "type": type_, "deprecated": False} for name, type_ in field.fields],
        "extensions": [],
        "notes": ["Envoy's own configuration stands here"] if field.is_envoys else [],
        "meaning": textwrap.fill(field.meaning, _WIDTH),
        "link": "",
        "others": [],
    }


def _text(value: dict[str, Any]) -> Iterator[str]:
    import textwrap

    yield f"{value['name']}  ({value['kind']})"
    rows = [
        ("type", value["type"]),
        ("of", value["of"]),
        *(("rule" if not number else "", each) for number, each in enumerate(value["rules"])),
        ("default", value["default"]),
        ("oneof", " | ".join(value["oneof"])),
        ("takes", ", ".join(value["extensions"])),
        *(("note" if not number else "", each) for number, each in enumerate(value["notes"])),
    ]
    shown = [(label, text) for label, text in rows if text]
    if shown:
        yield ""
    for label, text in shown:
        yield from textwrap.wrap(text, _WIDTH, initial_indent=f"  {label:<9}", subsequent_indent=" " * 11)
    if value["meaning"]:
        yield ""
        yield from value["meaning"].split("\n")
    for title, lines in (("values", _values(value)), ("fields", _fields(value))):
        if lines:
            yield from ("", f"{title}:", *lines)
    if value["others"]:
        yield ""
        yield from textwrap.wrap("other types of this name: " + ", ".join(value["others"]), _WIDTH)
    if value["link"]:
        yield ""
        yield value["link"]
        if not value["meaning"]:
            yield _NO_MEANING


def _values(value: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for each in value["values"]:
        lines.append(f"  {each['name']}")
        lines += [f"      {line}" if line else "" for line in each["meaning"].split("\n") if each["meaning"]]
    return lines


def _fields(value: dict[str, Any]) -> list[str]:
    width = max((len(each["name"]) for each in value["fields"]), default=0)
    return [
        f"  {each['name']:<{width}}  {each['type']}" + ("  (deprecated)" if each["deprecated"] else "")
        for each in value["fields"]
    ]
