"""SDS by name: `<namespace>/<secret>`, `:ca.crt` or another `:<key>` behind it, stands for a Secret. Pure.

It knows names and keys; `certificates.py` knows what is fit to be sent. The invariant: no text that leaves this module
holds a byte of a Secret's content. Names of keys are no secrets: Kubernetes shows them to whoever may describe it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from legation.model.cluster import Cluster, NamespacedName, SecretData
from legation.model.problems import Level
from legation.model.resource_types import SECRET
from legation.translate.by_name import DNS_LABEL, Fault, Made, Target, broken, missing
from legation.translate.certificates import Fitness, check_authorities, check_pair

_NAME = re.compile(rf"({DNS_LABEL})/([a-z0-9](?:[-.a-z0-9]{{0,251}}[a-z0-9])?)(?::([-._a-zA-Z0-9]{{1,253}}))?")
"""The name of a Secret is a DNS subdomain: https://kubernetes.io/docs/concepts/configuration/secret/."""
_CHAIN = "tls.crt"
_KEY = "tls.key"
_AUTHORITIES = "ca.crt"
_NO_CHECK = Fitness()
_OFF = "Secrets are off"
"""The basis while there are none."""
_SHOWN = 12
"""So many keys are listed in a sentence."""


class Secrets:
    """The maker of Secrets. Their Kubernetes type does not matter: what counts is which keys they have."""

    row = SECRET
    # Else every Pod could read every Secret of its namespace, by a word.
    on_request = False

    def target(self, name: str) -> Target | None:
        """Return the Secret and the key that the name stands for; no key for a TLS pair."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        namespace, secret, key = match.groups()
        return Target(kind="Secret", namespace=namespace, name=secret, rest=key or "")

    def basis(self, target: Target, cluster: Cluster) -> SecretData | str | None:
        """Return the Secret; None if it does not exist; a text while Secrets are not read at all."""
        if cluster.secrets is None:
            return _OFF
        return cluster.secrets.get(NamespacedName(target.namespace, target.name))

    def make(self, name: str, target: Target, cluster: Cluster, *, now: float) -> Made:
        """Return the Secret as Envoy takes it, once it is fit to be sent."""
        secret = self.basis(target, cluster)
        if isinstance(secret, str):
            return broken(_off(target))
        if secret is None:
            mend = "create it, or correct the name, which is <namespace>/<secret> or <namespace>/<secret>:<key>"
            return missing(Fault(code="no-secret", message=f"there is no {target}", mend=mend))
        wanted = (target.rest,) if target.rest else (_CHAIN, _KEY)
        faults = tuple(fault for key in wanted if (fault := _key_fault(secret, key, target)))
        if faults:
            return broken(*faults)
        body, fitness = _content(secret.data, target, now)
        if any(each.level is Level.ERROR for each in fitness.faults):
            return broken(*fitness.faults, again_at=fitness.again_at)
        json = {"@type": self.row.url, "name": name, **body}
        return Made(json=json, faults=fitness.faults, again_at=fitness.again_at)


MAKER = Secrets()


def _content(data: Mapping[str, bytes], target: Target, now: float) -> tuple[dict[str, Any], Fitness]:
    """Return what the Secret holds for Envoy, and whether it is fit to be sent. The keys are there."""
    of = str(target)
    if not target.rest:
        pair = {"certificate_chain": _inline(data[_CHAIN]), "private_key": _inline(data[_KEY])}
        return {"tls_certificate": pair}, check_pair(data[_CHAIN], data[_KEY], of=of, now=now)
    value = data[target.rest]
    if target.rest == _AUTHORITIES:
        return {"validation_context": {"trusted_ca": _inline(value)}}, check_authorities(value, of=of, now=now)
    return {"generic_secret": {"secret": _inline(value)}}, _NO_CHECK


def _inline(value: bytes) -> dict[str, str]:
    return {"inline_bytes": b64encode(value).decode("ascii")}


def _off(target: Target) -> Fault:
    return Fault(
        code="secrets-off",
        message=f"{target} is asked for, and Secrets are not read",
        mend="give the port of Envoys TLS and let them prove who they are, or start with --secrets",
    )


def _key_fault(secret: SecretData, key: str, target: Target) -> Fault | None:
    if secret.data.get(key):
        return None
    if key in secret.data:  # Envoy refuses a Secret that is empty
        return Fault(code="empty-key", message=f"{key} of {target} is empty", mend=f"put a value into {key}")
    keys = sorted(secret.data)
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    mend = f"its keys are {', '.join(keys[:_SHOWN])}{more}" if keys else "the Secret has no keys at all"
    return Fault(code="no-key", message=f"{target} has no key {key}", mend=mend)
