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
from legation.envoy.findings import Finding
from legation.envoy.spelled import spelled
from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject, ObjectKey
from legation.model.problems import DUPLICATE_NAME, Level, Problem
from legation.model.resource_types import CLUSTER, LISTENER, SECRET, ResourceType
from legation.runtime.assemble import Assembly
from legation.runtime.check import check
from legation.runtime.item import Item

MESSAGE = "envoy.config.bootstrap.v3.Bootstrap"
_KEY = ObjectKey("", "Bootstrap", "default", "bootstrap")
"""Nobody's: what is said of a bootstrap is said of its file."""
_STATIC = (
    ("clusters", CLUSTER),
    ("listeners", LISTENER),
    ("secrets", SECRET),
)
_DANGLING = "dangling-reference"
_OTHER = "give one of them another name"
_WORDS = (
    ("stands in this object twice; the first one counts", "stands here twice"),
    ("which no object of this namespace holds", "which is not in this file"),
    (f" of {_KEY}, which came first", ", which stands above"),
)
"""What is said of objects -> what is said of what stands in one file."""


def check_bootstrap(json: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return all that is wrong with a bootstrap."""
    message: Any = types.message_class(MESSAGE)()
    body, findings = reader.read(message, json)
    whole = [_problem(each) for each in findings]
    made, static = _static(json)
    if not any(each.level is Level.ERROR for each in whole):
        known = examining.examined(message, body)
        whole += [_problem(replace(each, path=spelled(json, each.path))) for each in known]
    # A static resource is looked at by itself, which says more, and with the whole.
    found = list({(each.path, each.code): each for each in (*whole, *static)}.values())
    broken = any(each.level is Level.ERROR for each in found)
    # Of what could not be read it cannot be said what is missing.
    together = [each for each in _together(message, made) if not (broken and each.code == _DANGLING)]
    if not broken:
        more = (*bootstrap_refusals.refusals(message), *bootstrap_doubts.doubts(message))
        own = [_problem(replace(each, path=spelled(json, each.path))) for each in more]
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

    for each in check(Assembly({_KEY: made}), elsewhere=elsewhere):
        message = each.message
        for words, ours in _WORDS:
            message = message.replace(words, ours)
        if each.code == DUPLICATE_NAME and "listeners" in each.path:
            # Tried with Envoy 1.40: it takes the second one for a new version of the first.
            yield replace(
                each, object=None, level=Level.WARNING, message=f"{message}; the last one counts", mend=_OTHER
            )
            continue
        meant = each.mend.partition("?")[0] + "?" if "?" in each.mend else ""
        mend = meant if each.code == _DANGLING else each.mend.partition(", or selectors")[0]
        yield replace(each, object=None, message=message, mend=mend or "add it to static_resources.clusters")


def static_items(json: Mapping[str, Any]) -> tuple[Item, ...]:
    """Return the static resources that nothing is wrong with, each with its path."""
    return _static(json)[0]


def _problem(finding: Finding, above: FieldPath = ()) -> Problem:
    return Problem(
        code=finding.code,
        message=finding.message,
        level=finding.level,
        path=(*above, *finding.path),
        mend=finding.mend,
        example=finding.example,
    )


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
            problems += [_problem(finding, path) for finding in encoded.findings if finding.code != "empty-name"]
            if encoded.resource is not None:
                items.append(
                    Item(
                        resource=encoded.resource,
                        scope=Scope(namespace="default"),
                        manifest=manifest,
                        path=path,
                        position=len(items),
                    )
                )
    return tuple(items), problems


def _below(json: Mapping[str, Any], name: str) -> tuple[str, Mapping[str, Any]]:
    """Return the key by which a field of the top is written, and what stands there if it is a map."""
    first, *rest = name.split("_")
    for key in (name, first + "".join(each.capitalize() for each in rest)):
        if isinstance(json.get(key), Mapping):
            return key, json[key]
    return name, {}
