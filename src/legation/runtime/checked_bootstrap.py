"""A bootstrap, looked at as Envoy would, and by who is to serve that Envoy. Pure.

What Envoy refuses is an ERROR. What keeps this control plane from serving the Envoy is a WARNING: it may be meant for
another one, and much of it can be said on Envoy's command line too.

Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from legation.envoy import bootstrap_doubts, bootstrap_refusals, codec, examining, reader, types
from legation.envoy.findings import quote
from legation.envoy.spelled import spelled
from legation.envoy.spelling import camel
from legation.model.node import Scope
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import DUPLICATE_NAME, Level, Problem
from legation.model.resource_types import CLUSTER, LISTENER, SECRET, ResourceType
from legation.runtime.as_problems import told
from legation.runtime.assemble import Assembly
from legation.runtime.check import check
from legation.runtime.item import Item
from legation.runtime.words import Words

MESSAGE = "envoy.config.bootstrap.v3.Bootstrap"
_KEY = ObjectKey("", "Bootstrap", "default", "bootstrap")
"""Nobody's: what is said of a bootstrap is said of its file."""
_STATIC = (
    ("clusters", CLUSTER),
    ("listeners", LISTENER),
    ("secrets", SECRET),
)
_DANGLING = "dangling-reference"


def _twice(row: ResourceType) -> str:
    # Tried with Envoy 1.40: it takes the second listener for a new version of the first.
    return "stands here twice; the last one counts" if row is LISTENER else "stands here twice"


def _if_missing(_row: ResourceType, meant: str | None) -> str:
    return f"did you mean {quote(meant)}?" if meant else "add it to static_resources.clusters"


_OF_ONE_FILE = Words(
    twice=_twice,
    senior=lambda _manifest: ", which stands above",
    missing="which is not in this file",
    other_name="give one of them another name",
    other_address="give one of them another address",
    if_missing=_if_missing,
)


def check_bootstrap(json: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return all that is wrong with a bootstrap."""
    message: Any = types.message_class(MESSAGE)()
    body, findings = reader.read(message, json)
    whole = [*map(told, findings)]
    made, static = _static(json)
    if not any(each.level is Level.ERROR for each in whole):
        known = examining.examined(message, body)
        whole += [told(replace(each, path=spelled(json, each.path))) for each in known]
    # A static resource is looked at by itself, which says more, and with the whole.
    found = list({(each.path, each.code): each for each in (*whole, *static)}.values())
    broken = any(each.level is Level.ERROR for each in found)
    # Of what could not be read it cannot be said what is missing.
    together = [each for each in _together(message, made) if not (broken and each.code == _DANGLING)]
    if not broken:
        more = (*bootstrap_refusals.refusals(message), *bootstrap_doubts.doubts(message))
        own = [told(replace(each, path=spelled(json, each.path))) for each in more]
        # What Envoy refuses is said so, and not as a doubt too.
        refused = {each.path for each in own if each.code == _DANGLING}
        found += [*(each for each in together if each.path not in refused), *own]
    else:
        found += together
    return tuple(found)


def _together(bootstrap: Any, made: tuple[Item, ...]) -> Iterator[Problem]:
    """Yield what does not fit together among the static resources."""
    brings_clusters = bootstrap.dynamic_resources.HasField("cds_config")

    def elsewhere(row: ResourceType, _name: str) -> bool:
        # Whatever else a static resource names, it asks a control plane for.
        return row is not CLUSTER or brings_clusters

    for each in check(Assembly({_KEY: made}), elsewhere=elsewhere, words=_OF_ONE_FILE):
        # A second listener of a name is taken, as is said of it.
        taken = each.code == DUPLICATE_NAME and "listeners" in each.path
        yield replace(each, object=None, level=Level.WARNING if taken else each.level)


def static_items(json: Mapping[str, Any]) -> tuple[Item, ...]:
    """Return the static resources that nothing is wrong with, each with its path."""
    return _static(json)[0]


def _static(json: Mapping[str, Any]) -> tuple[tuple[Item, ...], list[Problem]]:
    """Return the static resources, each as one that is served, and what is wrong with them."""
    items: list[Item] = []
    problems: list[Problem] = []
    manifest = ManifestObject(key=_KEY, api_version="v3", body={})
    above, static = _below(json, "static_resources")
    for name, row in _STATIC:
        listed = static.get(name)
        for index, each in enumerate(listed if isinstance(listed, list) else ()):
            if not isinstance(each, Mapping):
                continue
            path = (above, name, index)
            encoded = codec.encode({"@type": row.url, **each})
            # A static listener or secret needs no name, and that of a cluster is a matter of rules.
            problems += [told(finding, path) for finding in encoded.findings if finding.code != "empty-name"]
            if encoded.resource is not None:
                items.append(
                    Item(
                        resource=encoded.resource,
                        scope=Scope(namespace="default"),
                        manifest=manifest,
                        path=path,
                        position=len(items),
                        json=each,
                    )
                )
    return tuple(items), problems


def _below(json: Mapping[str, Any], name: str) -> tuple[str, Mapping[str, Any]]:
    """Return the key by which a field of the top is written, and what stands there if it is a map."""
    for key in (name, camel(name)):
        if isinstance(json.get(key), Mapping):
            return key, json[key]
    return name, {}
