"""How people write kinds and objects, as kubectl takes them: `cluster`, `clusters.bootes.io`, `er`, `cluster/web`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from legation.model.node import DEFAULT_NAMESPACE

if TYPE_CHECKING:
    from legation.client import Reference
    from legation.model.api_kinds import ApiKind

_SHORT = {
    "bcl": "clusters.bootes.io",
    "bep": "endpoints.bootes.io",
    "bli": "listeners.bootes.io",
    "brt": "routes.bootes.io",
    "er": "envoyresources.legation.dev",
    "up": "upstreams.legation.dev",
    "vsvc": "virtualservices.servicemesh.l7mp.io",
}
"""As the CustomResourceDefinitions have it."""
ANY = "all"
_PATIENCE = 1.0
"""Seconds in which the server has to say the names that a shell is to offer."""


@dataclass(frozen=True, slots=True)
class KindName:
    """A kind; of any kind where it is empty."""

    kind: str
    group: str = ""

    def __str__(self) -> str:
        """Return it as objects are called by it."""
        return f"{self.kind.lower()}.{self.group}" if self.group else self.kind.lower()


def read_kind(word: str) -> KindName:
    """Return the kind that a word means.

    A kind that is not known here is taken as it is written, if it is written as manifests write kinds.

    Raises:
        click.UsageError: Nobody knows it.
    """
    if word.lower() == ANY:
        return KindName("")
    known = _by_word()
    lower = word.lower()
    found = known.get(_SHORT.get(lower, lower))
    if found is not None:
        return KindName(found.kind, found.group)
    kind, _, group = word.partition(".")
    if kind[:1].isupper() and kind.isalnum():
        return KindName(kind, group.lower())
    from legation.translate.spelling import did_you_mean

    plurals = [str(each) for each in _kinds()]
    meant = did_you_mean(lower, {word for word in known if "." not in word})
    raise click.UsageError(f"there is no kind {word!r}; {meant or 'there are ' + ', '.join(plurals)}")


@cache
def _kinds() -> tuple[ApiKind, ...]:
    from legation.translate.pipeline import API_KINDS

    return API_KINDS


@cache
def _by_word() -> Mapping[str, ApiKind]:
    words: dict[str, ApiKind] = {}
    for each in _kinds():
        for name in (each.kind.lower(), each.plural):
            for word in (
                name,
                *([f"{name}.{each.group}", f"{name}.{each.version}.{each.group}"] if each.group else []),
            ):
                words.setdefault(word, each)
    return words


def read_reference(word: str, *, namespace: str) -> Reference:
    """Return the object that `KIND/NAME` means.

    Raises:
        click.UsageError: It is written another way, or nobody knows the kind.
    """
    from legation.client import Reference

    kind, slash, name = word.partition("/")
    if not slash or not name or "/" in name:
        raise click.UsageError(f"{word!r} is not KIND/NAME, such as cluster/web")
    found = read_kind(kind)
    if not found.kind:
        raise click.UsageError(f"{word!r} names no kind; write one, such as cluster/{name}")
    return Reference(found.kind, name, group=found.group, namespace=namespace or DEFAULT_NAMESPACE)


def read_references(words: tuple[str, ...], *, namespace: str) -> list[Reference]:
    """Return the objects of `KIND NAME...` or `KIND/NAME...`.

    Raises:
        click.UsageError: It is written another way.
    """
    if any("/" in each for each in words):
        return [read_reference(each, namespace=namespace) for each in words]
    kind, *names = words
    if not names:
        raise click.UsageError(f"which {kind}? Write its name behind it")
    return [read_reference(f"{kind}/{name}", namespace=namespace) for name in names]


class KindWord(click.ParamType[str]):
    """A word that is a kind, or an object of one; read later."""

    name = "kind"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the kinds, and behind a kind the names that the server has."""
        before = _said_before(ctx, param)
        if "/" in incomplete:
            kind, _, _ = incomplete.partition("/")
            return [
                CompletionItem(f"{kind}/{each}")
                for each in _names(ctx, kind)
                if f"{kind}/{each}".startswith(incomplete)
            ]
        if before and "/" not in before[0]:
            return [CompletionItem(each) for each in _names(ctx, before[0]) if each.startswith(incomplete)]
        return [CompletionItem(each.plural) for each in _kinds() if each.plural.startswith(incomplete)]


def _said_before(ctx: click.Context, param: click.Parameter) -> tuple[str, ...]:
    said = ctx.params.get(param.name or "")
    return tuple(said) if isinstance(said, list | tuple) else ()


def _names(ctx: click.Context, word: str) -> list[str]:
    """Return the names of the objects of a kind; none where the server does not answer at once."""
    from legation.client import Client
    from legation.errors import LegationError

    params: Mapping[str, Any] = ctx.params
    try:
        kind = read_kind(word)
        with Client(params.get("server"), timeout=_PATIENCE, attempts=1) as client:
            found = client.list(
                kind.kind, group=kind.group, namespace=params.get("namespace") or DEFAULT_NAMESPACE, page_size=200
            )
            return [each.object.name for each in found]
    except (LegationError, click.UsageError):
        return []
