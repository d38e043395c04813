"""TokenReview: asks the API server whose a token is. It sees what nobody else can: that a Pod was deleted.

It knows the API's question and answer. It refuses to remember anything, and to ask twice. The one invariant: what the
API server did not say yes to, for our audience, is a flaw; where it did not answer, a passing one.

Source: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.errors import KubeError, KubeForbidden, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.tokens.claims import Claims, account_of, other_audience
from legation.model.api_kinds import ApiKind
from legation.model.identity import Flaw, TokenProof

TOKEN_REVIEWS = ApiKind(
    group="authentication.k8s.io", version="v1", kind="TokenReview", plural="tokenreviews", namespaced=False
)
_POD = "authentication.kubernetes.io/pod-name"
_POD_UID = "authentication.kubernetes.io/pod-uid"
_ABOUT_THE_TOKEN = frozenset({400, 413, 422})
_TIMEOUT = 5.0
"""Seconds for an answer: an Envoy waits for it."""

REFUSED = Flaw(
    words="the API server does not accept it: its Pod or service account is gone, it has expired, or another cluster"
    " made it"
)
_OTHER_POD = Flaw(words="the API server says other things of its Pod than it does itself")
AWAY = Flaw(words="the API server cannot be asked about it at the moment; try again", passing=True)
FORBIDDEN = Flaw(
    words="the server may not ask the API server about it; its operator has to allow it `create` of tokenreviews"
    " (ClusterRole system:auth-delegator)",
    passing=True,
)


class TokenReviews:
    """Asks about tokens."""

    def __init__(self, client: Client, *, audience: str, timeout: float = _TIMEOUT) -> None:
        """Take whom to ask, and for whom tokens must be."""
        self._client, self._audience, self._timeout = client, audience, timeout

    async def judge(self, token: str, claims: Claims) -> TokenProof | Flaw:
        """Ask about one token, of which `claims` is what it says itself."""
        question = {
            "apiVersion": TOKEN_REVIEWS.api_version,
            "kind": TOKEN_REVIEWS.kind,
            "spec": {"token": token, "audiences": [self._audience]},
        }
        try:
            answer = await objects.create(self._client, kind=TOKEN_REVIEWS, value=question, timeout=self._timeout)
        # Never with the words of the answer: who gives it may have put the question into them.
        except KubeForbidden:
            return FORBIDDEN
        except KubeError as error:
            return REFUSED if error.status in _ABOUT_THE_TOKEN else AWAY
        except KubeUnreachable:
            return AWAY
        return self._read(_mapping(answer.get("status")), claims)

    def _read(self, status: Mapping[str, Any], claims: Claims) -> TokenProof | Flaw:
        if status.get("authenticated") is not True:
            return REFUSED
        # One who knows no audiences leaves them out: then it is good for the API server itself, and not for us.
        if self._audience not in _texts(status.get("audiences")):
            return other_audience(self._audience)
        user = _mapping(status.get("user"))
        name = user.get("username")
        if not isinstance(name, str) or not name:
            return REFUSED
        extra = _mapping(user.get("extra"))
        namespace, service_account = account_of(name)
        pod, pod_uid = (_only(extra.get(key)) if service_account else "" for key in (_POD, _POD_UID))
        if service_account and (pod, pod_uid) != (claims.pod, claims.pod_uid):
            return _OTHER_POD
        return TokenProof(
            user=name,
            groups=_texts(user.get("groups")),
            namespace=namespace,
            service_account=service_account,
            pod=pod,
            pod_uid=pod_uid,
            ends=claims.ends,
        )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _only(value: object) -> str:
    texts = _texts(value)
    return texts[0] if len(texts) == 1 else ""
