"""The file of rules: YAML -> rules, or all that is wrong with it, each with its place and how to mend it.

A file in which anything is wrong is no rules at all: half of them could let in whom the other half names first.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from legation.model.objects import FieldPath, Place
from legation.model.problems import Problem
from legation.runtime.identity_rules import EMPTY, IdentityRules, NodesMade, PodsMade, Rule
from legation.runtime.identity_template import (
    AccountTemplate,
    DnsTemplate,
    Filling,
    TemplateFault,
    UriTemplate,
    account_template,
    dns_template,
    filling,
    unparted,
    uri_template,
)
from legation.texts.kubectl_yaml import Loaded, YamlFault, load

CODE = "identity-rules"
"""Of all these problems."""
_Template: TypeAlias = UriTemplate | DnsTemplate | AccountTemplate
_SHOWN: Mapping[str, Callable[[str], _Template]] = {
    "uri": uri_template,
    "dns": dns_template,
    "serviceAccount": account_template,
}
_ALLOWED = ("pods", "nodes")
_PODS = ("namespace", "serviceAccount", "name")
_APART = (
    "part them by a character that one of them can never hold, such as {namespace}/{service_account}; a variable with a"
    " name of your own can hold any, but in dns no dot"
)
_EXAMPLE = "rules is a list of maps, each with one of uri, dns, serviceAccount and one of pods, nodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a file says."""

    rules: IdentityRules | None
    """None: something is wrong."""
    problems: tuple[Problem, ...] = ()


def read_rules(text: str, *, file: str) -> Read:
    """Read the rules.

    Args:
        text: What stands in the file.
        file: Its name, for people.
    """
    try:
        loaded = load(text)
    except YamlFault as fault:
        place = Place(file, fault.line, fault.column)
        return Read(rules=None, problems=(Problem(code=CODE, message=fault.message, place=place, mend=fault.mend),))
    reader = _Reader()
    rules = tuple(reader.rules(loaded.value))
    if reader.problems:
        return Read(rules=None, problems=tuple(_placed(each, loaded, file) for each in reader.problems))
    return Read(rules=IdentityRules(rules))


def _placed(problem: Problem, loaded: Loaded, file: str) -> Problem:
    return replace(problem, place=Place(file, *loaded.position(problem.path)))


class _Reader:
    """Reads values, and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def rules(self, value: Any) -> Iterator[Rule]:
        listed = value.get("rules") if isinstance(value, Mapping) else None
        if not isinstance(listed, list):
            self._fault("there are no rules here", (), _EXAMPLE)
            return
        self._refuse_others(value, ("rules",), ())
        for number, each in enumerate(listed):
            rule = self._rule(each, ("rules", number))
            if rule is not None:
                yield rule

    def _rule(self, value: Any, path: FieldPath) -> Rule | None:
        if not isinstance(value, Mapping):
            self._fault("a rule is a map", path, _EXAMPLE)
            return None
        self._refuse_others(value, (*_SHOWN, *_ALLOWED), path)
        shown = self._one_of(value, tuple(_SHOWN), path, "what an Envoy shows")
        allowed = self._one_of(value, _ALLOWED, path, "whom it may be then")
        if shown is None or allowed is None:
            return None
        template = self._template(value[shown], shown, (*path, shown))
        made = (
            self._pods(value[allowed], (*path, allowed), template)
            if allowed == "pods"
            else self._nodes(value[allowed], (*path, allowed), template)
        )
        if template is None or made is None:
            return None
        unbound = frozenset().union(*(each.variables for each in made.fillings)) - template.variables
        if unbound:
            known = ", ".join(f"{{{name}}}" for name in sorted(template.variables)) or "none"
            names = ", ".join(f"{{{name}}}" for name in sorted(unbound))
            self._fault(f"nothing says what {names} is", (*path, allowed), f"the variables of {shown} are: {known}")
            return None
        return Rule(shown=template, allowed=made)

    def _template(self, value: Any, kind: str, path: FieldPath) -> _Template | None:
        if not isinstance(value, str):
            self._fault(f"{kind} is a text", path, "")
            return None
        try:
            return _SHOWN[kind](value)
        except TemplateFault as fault:
            self._fault(fault.message, path, fault.mend)
            return None

    def _pods(self, value: Any, path: FieldPath, template: _Template | None) -> PodsMade | None:
        if not isinstance(value, Mapping) or "namespace" not in value:
            self._fault("pods is a map with a namespace", path, 'such as {namespace: "{namespace}"}')
            return None
        self._refuse_others(value, _PODS, path)
        read = {name: self._filling(value[name], (*path, name), template) for name in _PODS if name in value}
        if None in read.values():
            return None
        found = {name: each for name, each in read.items() if each is not None}
        return PodsMade(
            namespace=found["namespace"],
            service_account=found.get("serviceAccount", EMPTY),
            name=found.get("name", EMPTY),
        )

    def _nodes(self, value: Any, path: FieldPath, template: _Template | None) -> NodesMade | None:
        if not isinstance(value, list) or not value:
            self._fault("nodes is a list of node ids", path, "such as [edge-1, edge-2]")
            return None
        read = [self._filling(each, (*path, number), template) for number, each in enumerate(value)]
        ids = tuple(each for each in read if each is not None)
        return NodesMade(ids=ids) if len(ids) == len(read) else None

    def _filling(self, value: Any, path: FieldPath, template: _Template | None) -> Filling | None:
        if not isinstance(value, str) or not value:
            self._fault("this is no text", path, 'put what begins with a brace into quotes: "{namespace}"')
            return None
        if "*" in value:
            self._fault("a star stands for nothing here", path, "use a {variable} of what the Envoy shows")
            return None
        try:
            made = filling(value)
        except TemplateFault as fault:
            self._fault(fault.message, path, fault.mend)
            return None
        joined = None if template is None else unparted(made, template)
        if joined is not None:
            one, other = (f"{{{each}}}" for each in joined)
            message = f"it cannot be told where {one} ends and {other} begins, so two names could be one"
            self._fault(message, path, _APART)
            return None
        return made

    def _one_of(self, value: Mapping[str, Any], names: Collection[str], path: FieldPath, what: str) -> str | None:
        there = [name for name in names if name in value]
        if len(there) == 1:
            return there[0]
        self._fault(f"a rule says once {what}", path, f"have one of {', '.join(names)}")
        return None

    def _refuse_others(self, value: Mapping[str, Any], known: Collection[str], path: FieldPath) -> None:
        for name in value:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                mend = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(known)}"
                self._fault("this is not known here", (*path, name), mend)

    def _fault(self, message: str, path: FieldPath, mend: str) -> None:
        self.problems.append(Problem(code=CODE, message=message, path=path, mend=mend))
