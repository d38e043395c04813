"""Which Envoys a proven identity may be: rules, of which the first that matches counts. Pure.

A rule names certificates (by URI or DNS name) or service accounts, and the Envoys that these may be. What no rule names
may be nobody. The same proof is looked up once and remembered, so that a thousand streams cost one look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from legation.model.cluster import Pod
from legation.model.identity import CertificateProof, Proof, TokenProof
from legation.model.node import split_node_id
from legation.runtime.identity_template import (
    AccountTemplate,
    DnsTemplate,
    Filling,
    UriTemplate,
    Variables,
    filling,
    uri_template,
)

_REMEMBERED = 20_000
"""Proofs: more than Envoys come to one replica."""


EMPTY = filling("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Envoys with exactly these node ids."""

    ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"the node {self.ids[0]!r}" if len(self.ids) == 1 else f"the nodes {', '.join(map(repr, self.ids))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """The Envoys of Pods. What is empty may be anything, but for the namespace."""

    namespace: str
    service_account: str = ""
    name: str = ""
    uid: str = ""

    def __str__(self) -> str:
        if self.name:
            return f"the Pod {self.namespace}/{self.name}"
        account = f" with the service account {self.service_account}" if self.service_account else ""
        return f"the Pods of the namespace {self.namespace}{account}"

    def includes(self, pod: Pod) -> bool:
        """Say whether it is one of these."""
        return (
            pod.namespace == self.namespace
            and self.service_account in {"", pod.service_account}
            and self.name in {"", pod.name}
            and self.uid in {"", pod.uid}
        )

    def may_be_called(self, node_id: str) -> bool:
        """Say whether one of these Pods may be called that, whoever else is: by the id alone."""
        if self.uid and node_id == self.uid:
            return True
        name, namespace = split_node_id(node_id)
        return namespace == self.namespace and (not self.name or name == self.name)


Allowed: TypeAlias = Nodes | Pods


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesMade:
    """Node ids with variables."""

    ids: tuple[Filling, ...]

    @property
    def fillings(self) -> tuple[Filling, ...]:
        """All texts with variables."""
        return self.ids

    def fill(self, variables: Variables) -> Nodes:
        """Return what is meant."""
        return Nodes(ids=tuple(each.fill(variables) for each in self.ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class PodsMade:
    """Pods, with variables."""

    namespace: Filling
    service_account: Filling = EMPTY
    name: Filling = EMPTY

    @property
    def fillings(self) -> tuple[Filling, ...]:
        """All texts with variables."""
        return self.namespace, self.service_account, self.name

    def fill(self, variables: Variables) -> Pods:
        """Return what is meant."""
        return Pods(
            namespace=self.namespace.fill(variables),
            service_account=self.service_account.fill(variables),
            name=self.name.fill(variables),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who shows what may be whom."""

    shown: UriTemplate | DnsTemplate | AccountTemplate
    allowed: NodesMade | PodsMade

    def of_certificate(self, proof: CertificateProof) -> tuple[Allowed, ...]:
        """Return whom the certificate may be by this rule; nothing where the rule is about others."""
        names = {UriTemplate: proof.uris, DnsTemplate: proof.dns}.get(type(self.shown), ())
        found = (None if isinstance(self.shown, AccountTemplate) else self.shown.match(name) for name in names)
        return tuple(self.allowed.fill(variables) for variables in found if variables is not None)

    def of_token(self, proof: TokenProof) -> tuple[Allowed, ...]:
        """Return whom the token may be by this rule; nothing where the rule is about others."""
        if not isinstance(self.shown, AccountTemplate) or not proof.service_account:
            return ()
        variables = self.shown.match(proof.namespace, proof.service_account)
        return () if variables is None else (self.allowed.fill(variables),)


DEFAULT_RULES = (
    Rule(
        shown=uri_template("spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}"),
        allowed=PodsMade(namespace=filling("{namespace}"), service_account=filling("{service_account}")),
    ),
    Rule(shown=uri_template("spiffe://{trust_domain}/node/{node_id}"), allowed=NodesMade(ids=(filling("{node_id}"),))),
)
"""What holds for certificates without a file of rules."""


class IdentityRules:
    """All rules, in their order."""

    def __init__(self, rules: tuple[Rule, ...] = DEFAULT_RULES) -> None:
        """Take the rules."""
        self.rules = rules
        self._of = lru_cache(maxsize=_REMEMBERED)(self._find)

    def allowed(self, proof: Proof) -> tuple[Allowed, ...]:
        """Return all that a peer may be that shows this: by its certificate, and by its token."""
        return self._of(proof.certificate, proof.token)

    def _find(self, certificate: CertificateProof | None, token: TokenProof | None) -> tuple[Allowed, ...]:
        return tuple(dict.fromkeys((*self._by_certificate(certificate), *self._by_token(token))))

    def _by_certificate(self, proof: CertificateProof | None) -> Iterator[Allowed]:
        if proof is not None:
            yield from next(filter(None, (rule.of_certificate(proof) for rule in self.rules)), ())

    def _by_token(self, proof: TokenProof | None) -> Iterator[Allowed]:
        """Yield what a token may be: by a rule, or its very Pod, or where it names none the Pods of its account."""
        if proof is None:
            return
        by_rule = next(filter(None, (rule.of_token(proof) for rule in self.rules)), ())
        if by_rule:
            yield from by_rule
        elif proof.pod and proof.pod_uid:
            yield Pods(namespace=proof.namespace, name=proof.pod, uid=proof.pod_uid)
        elif proof.service_account and not proof.pod:
            yield Pods(namespace=proof.namespace, service_account=proof.service_account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """That Envoys have to prove who they are, and what follows."""

    rules: IdentityRules = field(default_factory=IdentityRules)
    report: bool = False
    """Whether who would be refused is served and told of."""
