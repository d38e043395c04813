"""What a token says of itself: its claims, and what is plainly wrong with them before anybody is asked. Pure.

Nothing here has looked at the signature: what stands in claims is what somebody wrote. No text holds a part of a token,
and none holds what stands in it: whoever made it would choose what our log says.

Source: https://www.rfc-editor.org/rfc/rfc7519 and
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#schema-for-service-account-private-claims
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from legation.model.identity import Flaw, TokenProof

LONGEST = 16 << 10
"""Characters. Those of service accounts have one or two thousand."""
_USER = "system:serviceaccount:"
_PARTS = 3
_SKEW = 60.0
"""Seconds that the clock of who made a token may differ from ours."""

NO_FORM = Flaw(words="it is no token of a service account: these are JSON Web Tokens, three parts with dots between")
EXPIRED = Flaw(words="it has expired; read it from its file anew, where the kubelet renews it")
_TOO_EARLY = Flaw(words="it is not valid yet; compare the clocks of this machine and of who made it")
_ENDLESS = Flaw(words="it never expires; use one of the TokenRequest API, as a projected volume gives it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says."""

    issuer: str
    subject: str
    ends: float
    """Unix seconds."""
    namespace: str = ""
    """This and the next are what Kubernetes writes beside: of the service account, and of the Pod it is bound to."""
    service_account: str = ""
    pod: str = ""
    pod_uid: str = ""

    def proof(self) -> TokenProof | None:
        """Return whose it is, once somebody has found it genuine; None where it is of no service account, clearly."""
        namespace, service_account = account_of(self.subject)
        if not namespace or (namespace, service_account) != (self.namespace, self.service_account):
            return None
        if bool(self.pod) != bool(self.pod_uid):
            return None
        return TokenProof(
            user=self.subject,
            groups=groups_of(namespace),
            namespace=namespace,
            service_account=service_account,
            pod=self.pod,
            pod_uid=self.pod_uid,
            ends=self.ends,
        )


def account_of(user: str) -> tuple[str, str]:
    """Return the namespace and the name of the service account that a user is; empty where it is none."""
    if not user.startswith(_USER):
        return "", ""
    namespace, _, name = user.removeprefix(_USER).partition(":")
    return (namespace, name) if namespace and name and ":" not in name else ("", "")


def groups_of(namespace: str) -> tuple[str, ...]:
    """Return the groups that the service accounts of a namespace are in.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens
    """
    if not namespace:
        return ("system:authenticated",)
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")


def look(token: str, *, audience: str, now: float) -> Claims | Flaw:
    """Look at a token without asking anybody.

    Args:
        token: The token.
        audience: Whom it must be for.
        now: Unix seconds.

    Returns:
        What it says, or why nobody has to be asked.
    """
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != _PARTS or not all(parts):
        return NO_FORM
    return judged(_decoded(parts[1]), audience=audience, now=now)


def key_name(token: str) -> str | None:
    """Return the name of the key that a token says it is signed with; None where it says none."""
    name = _mapping(_decoded(token.partition(".")[0])).get("kid")
    return name if isinstance(name, str) else None


def judged(payload: object, *, audience: str, now: float) -> Claims | Flaw:
    """Return what a payload says, or why it proves nothing; the arguments are those of `look`."""
    if not isinstance(payload, dict):
        return NO_FORM
    if audience not in _audiences(payload.get("aud")):
        return other_audience(audience)
    if payload.get("exp") is None:
        return _ENDLESS
    ends, starts = _moment(payload["exp"]), _moment(payload.get("nbf", 0))
    if ends is None or starts is None:
        return NO_FORM
    if not starts - _SKEW <= now < ends:
        return EXPIRED if ends <= now else _TOO_EARLY
    own = _mapping(payload.get("kubernetes.io"))
    account, pod = _mapping(own.get("serviceaccount")), _mapping(own.get("pod"))
    return Claims(
        issuer=_text(payload.get("iss")),
        subject=_text(payload.get("sub")),
        ends=ends,
        namespace=_text(own.get("namespace")),
        service_account=_text(account.get("name")),
        pod=_text(pod.get("name")),
        pod_uid=_text(pod.get("uid")),
    )


def other_audience(audience: str) -> Flaw:
    """Return the flaw of a token that is for others."""
    return Flaw(
        words=f"it is not for the audience {audience}; have its projected volume, or who requests it, say"
        f" `audience: {audience}`"
    )


def _decoded(part: str) -> object:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        found: object = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError):
        return None
    return found


def _moment(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _audiences(value: object) -> tuple[str, ...]:
    every = [value] if isinstance(value, str) else value
    return tuple(each for each in every if isinstance(each, str)) if isinstance(every, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
