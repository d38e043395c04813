"""What FakeKube says of tokens and of rights: TokenReview, SubjectAccessReview, and the keys that it signs tokens with.

Tokens are real ones, signed with a key of their own, and bound as the real one binds them: one of a Pod that is deleted
is accepted no longer. Rights are those that a test has given; nobody has any others.

Source: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm

from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName
from legation.testing.fake_kube_answers import Json, plain
from legation.testing.fake_kube_store import Store

TOKEN_REVIEWS = ApiKind(
    group="authentication.k8s.io", version="v1", kind="TokenReview", plural="tokenreviews", namespaced=False
)
ACCESS_REVIEWS = ApiKind(
    group="authorization.k8s.io",
    version="v1",
    kind="SubjectAccessReview",
    plural="subjectaccessreviews",
    namespaced=False,
)
ISSUER = "https://kubernetes.default.svc.cluster.local"
_PODS = ApiKind(group="", version="v1", kind="Pod", plural="pods")
_ALGORITHM = "ES256"
_ACCOUNT = "system:serviceaccount:"
_POD = "authentication.kubernetes.io/pod-name"
_POD_UID = "authentication.kubernetes.io/pod-uid"


class Reviews:
    """Whose tokens are, and who may do what."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self.now = now
        """Tells Unix seconds."""
        self._keys: dict[str, EllipticCurvePrivateKey] = {}
        self.gone: set[tuple[str, str]] = set()
        """Service accounts that were deleted: namespace and name."""
        self.rights: set[tuple[str, str, str, str, str]] = set()
        """User or group, verb, plural, namespace or all, name or all."""

    # ---------------------------------------------------------------------------------------------------------- tokens

    def token(
        self,
        namespace: str,
        service_account: str,
        *,
        audiences: Sequence[str],
        pod: str,
        pod_uid: str,
        seconds: float,
        claims: Mapping[str, object],
    ) -> str:
        """Return a token as the TokenRequest API makes them."""
        if not self._keys:
            self.rotate()
        name, key = list(self._keys.items())[-1]
        bound: Json = {"namespace": namespace, "serviceaccount": {"name": service_account, "uid": str(uuid.uuid4())}}
        if pod:
            bound["pod"] = {"name": pod, "uid": pod_uid or self._uid(namespace, pod)}
        made = int(self.now())
        payload = {
            "aud": list(audiences),
            "exp": made + seconds,
            "iat": made,
            "nbf": made,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": bound,
            "sub": f"{_ACCOUNT}{namespace}:{service_account}",
        }
        return jwt.encode({**payload, **claims}, key, algorithm=_ALGORITHM, headers={"kid": name})

    def rotate(self, *, forget: bool = False) -> None:
        """Sign with another key from now on, and no longer accept those before if they are forgotten."""
        if forget:
            self._keys.clear()
        self._keys[secrets.token_urlsafe(12)] = generate_private_key(SECP256R1())

    # --------------------------------------------------------------------------------------------------------- answers

    def told(self, path: str) -> Json | None:
        """Return what is told at a path about the keys; None: it is none of those."""
        match path.rstrip("/"):
            case "/.well-known/openid-configuration":
                return {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/openid/v1/jwks"}
            case "/openid/v1/jwks":
                return {"keys": [self._public(name) for name in self._keys]}
        return None

    def answer(self, kind: ApiKind, body: bytes) -> Json | None:
        """Return the answer to a question; None: it is no question but an object."""
        answers = {TOKEN_REVIEWS: self._of_token, ACCESS_REVIEWS: self._of_access}
        if kind not in answers:
            return None
        try:
            value = msgspec.json.decode(body, type=dict)
            spec = value["spec"]
            status = answers[kind](spec)
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise plain(400, "BadRequest", f"the object provided is unrecognized: {error}") from None
        return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {}, "spec": spec, "status": status}

    def _of_token(self, spec: Json) -> Json:
        claims = self._genuine(spec["token"])
        wanted: list[str] = spec.get("audiences") or [ISSUER]
        audiences = [each for each in wanted if each in claims.get("aud", ())]
        bound = claims.get("kubernetes.io", {})
        namespace, pod = bound.get("namespace", ""), bound.get("pod")
        account = bound.get("serviceaccount", {}).get("name", "")
        is_gone = (namespace, account) in self.gone or (pod and pod["uid"] != self._uid(namespace, pod["name"]))
        if not claims or not audiences or is_gone or claims["exp"] <= self.now():
            return {"user": {}, "error": "[invalid bearer token, service account token has been invalidated]"}
        extra = {_POD: [pod["name"]], _POD_UID: [pod["uid"]]} if pod else {}
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
        user = {"username": claims["sub"], "uid": str(uuid.uuid4()), "groups": groups}
        return {"authenticated": True, "user": {**user, **({"extra": extra} if extra else {})}, "audiences": audiences}

    def _genuine(self, token: str) -> Json:
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]].public_key()
            options = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
            return jwt.decode(token, key, algorithms=[_ALGORITHM], options=options)  # type: ignore[arg-type] # a TypedDict
        except (jwt.PyJWTError, KeyError):
            return {}

    def _of_access(self, spec: Json) -> Json:
        wanted = spec["resourceAttributes"]
        who = (spec.get("user", ""), *spec.get("groups", ()))
        places = {"", wanted.get("namespace", "")}, {"", wanted.get("name", "")}
        asked = set(product(who, (wanted["verb"],), (wanted["resource"],), *places))
        return {"allowed": False} if asked.isdisjoint(self.rights) else {"allowed": True, "reason": "a test allows it"}

    def _uid(self, namespace: str, pod: str) -> str:
        found = self._store.find(_PODS, NamespacedName(namespace, pod))
        return str(found["metadata"]["uid"]) if found else ""

    def _public(self, name: str) -> Json:
        said: Json = ECAlgorithm.to_jwk(self._keys[name].public_key(), as_dict=True)
        return {**said, "kid": name, "alg": _ALGORITHM, "use": "sig"}
