"""Tokens of service accounts at a real API server: whose they are, and when they are nobody's; and who may do what."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import jwt
import pytest

from legation.clock import MonotonicClock
from legation.kube.access_review import AccessReviewer, Deed
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.kube.tokens.checker import Tokens
from legation.kube.tokens.claims import Claims
from legation.kube.tokens.guarded import Guarded
from legation.kube.tokens.judging import Judge
from legation.kube.tokens.keys import ClusterKeys, Keys
from legation.kube.tokens.offline import Offline, Signatures
from legation.kube.tokens.review import TokenReviews
from legation.kube.tokens.sparing import Sparing
from legation.model.identity import Flaw, TokenProof
from legation.testing import FakeKube
from legation.tls.pem import Pem
from tests.cluster.admin import Admin, Object, reference
from tests.cluster.api_server import ApiServer

AUDIENCE = "legation"
PATIENCE = 120.0
"""Seconds; the API server remembers for ten that a token was good."""
STEP = 0.1


@dataclass
class Place:
    """A namespace with a service account and a Pod that has it."""

    admin: Admin
    server: ApiServer
    namespace: str
    client: Client
    account: Object = field(init=False)
    pod: Object = field(init=False)

    def __post_init__(self) -> None:
        self.account = self.admin.create(reference("v1", "ServiceAccount", "cart", self.namespace))
        self.pod = self.new_pod("cart-1")

    def new_pod(self, name: str) -> Object:
        spec = {"serviceAccountName": "cart", "containers": [{"name": "app", "image": "app"}]}
        return self.admin.create(reference("v1", "Pod", name, self.namespace) | {"spec": spec})

    def token(self, *, audience: str = AUDIENCE, bound: bool = True) -> str:
        pod = self.pod if bound else None
        return self.admin.account_token(
            reference("v1", "ServiceAccount", "cart", self.namespace), audience=audience, pod=pod
        )

    def signed(self, token: str, **claims: Any) -> str:
        """Return the token with other claims, signed by the key of the cluster, as the API server could have done."""
        said = jwt.decode(token, options={"verify_signature": False})
        name = jwt.get_unverified_header(token)["kid"]
        key = (self.server.folder / "service-account.key").read_bytes()
        return jwt.encode({**said, **claims}, key, algorithm="RS256", headers={"kid": name})

    @property
    def proof(self) -> TokenProof:
        metadata = self.pod["metadata"]
        return TokenProof(
            user=f"system:serviceaccount:{self.namespace}:cart",
            groups=("system:serviceaccounts", f"system:serviceaccounts:{self.namespace}", "system:authenticated"),
            namespace=self.namespace,
            service_account="cart",
            pod=metadata["name"],
            pod_uid=metadata["uid"],
        )


@pytest.fixture
async def place(admin: Admin, api_server: ApiServer, namespace: str) -> AsyncIterator[Place]:
    connection = Connection(
        server=api_server.url, authority=Pem(file=str(api_server.ca_file)), user=User(token=api_server.admin_token)
    )
    client = Client(connection)
    yield Place(admin, api_server, namespace, client)
    await client.aclose()


def signatures(client: Client) -> Signatures:
    return Signatures(Keys(ClusterKeys(client), clock=MonotonicClock()))


def reviewing(client: Client) -> Judge:
    clock = MonotonicClock()
    asking = Sparing(TokenReviews(client, audience=AUDIENCE), clock=clock)
    return Guarded(asking, signatures=signatures(client), clock=clock)


def offline(client: Client) -> Judge:
    return Offline(signatures(client), audience=AUDIENCE)


def tokens(judge: Judge, *, now: Callable[[], float] = time.time) -> Tokens:
    return Tokens(judge, audience=AUDIENCE, clock=MonotonicClock(), now=now)


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await look():  # noqa: ASYNC110 - the API server tells nobody
            await asyncio.sleep(STEP)


How: TypeAlias = Callable[[Client], Judge]
both = pytest.mark.parametrize("how", [reviewing, offline])


@both
async def test_a_token_names_its_very_pod(place: Place, how: How) -> None:
    found = await tokens(how(place.client)).check(place.token())
    assert found == place.proof
    assert isinstance(found, TokenProof)
    assert found.ends is not None
    assert found.ends > time.time()


@both
async def test_one_that_is_bound_to_no_pod_names_its_service_account(place: Place, how: How) -> None:
    found = await tokens(how(place.client)).check(place.token(bound=False))
    assert isinstance(found, TokenProof)
    assert (found.namespace, found.service_account, found.pod, found.pod_uid) == (place.namespace, "cart", "", "")


@both
async def test_one_for_another_audience_proves_nothing(place: Place, how: How) -> None:
    found = await tokens(how(place.client)).check(place.token(audience="https://kubernetes.default.svc"))
    assert isinstance(found, Flaw)
    assert "audience" in found.words
    assert not found.passing


async def test_the_api_server_is_asked_for_the_audience_and_says_no_itself(place: Place) -> None:
    token = place.token(audience="somebody-else")
    claims = Claims(issuer="", subject="", ends=time.time() + 60, pod="cart-1", pod_uid=place.pod["metadata"]["uid"])
    found = await TokenReviews(place.client, audience=AUDIENCE).judge(token, claims)
    assert isinstance(found, Flaw)
    assert not found.passing


@both
async def test_one_that_somebody_else_has_signed_proves_nothing(place: Place, how: How) -> None:
    head, payload, signature = place.token().split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    said["kubernetes.io"]["pod"]["name"] = "other"
    false = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    found = await tokens(how(place.client)).check(f"{head}.{false}.{signature}")
    assert isinstance(found, Flaw)
    assert not found.passing


@both
async def test_one_of_another_cluster_proves_nothing(place: Place, how: How) -> None:
    async with FakeKube() as other:
        token = other.account_token(place.namespace, "cart", audiences=(AUDIENCE,))
    found = await tokens(how(place.client)).check(token)
    assert isinstance(found, Flaw)
    assert not found.passing


@both
async def test_one_that_has_expired_proves_nothing(place: Place, how: How) -> None:
    token = place.token()
    later = time.time() + 660
    found = await tokens(how(place.client), now=lambda: later).check(token)
    assert isinstance(found, Flaw)
    assert "expired" in found.words


async def test_the_api_server_says_itself_that_one_has_expired(place: Place) -> None:
    made = time.time() - 3600
    token = place.signed(place.token(), iat=made - 600, nbf=made - 600, exp=made)
    # Our clock is an hour late: it does not know.
    checker = tokens(reviewing(place.client), now=lambda: made - 60)
    found = await checker.check(token)
    assert isinstance(found, Flaw)
    assert not found.passing


@pytest.mark.timeout(200)
async def test_one_of_a_pod_that_was_deleted_is_refused(place: Place) -> None:
    token = place.token()
    assert await tokens(reviewing(place.client)).check(token) == place.proof
    place.admin.delete(place.pod)

    async def is_refused() -> bool:
        return isinstance(await tokens(reviewing(place.client)).check(token), Flaw)

    await eventually(is_refused)
    # Another Pod that is called the same does not make it good again.
    place.new_pod("cart-1")
    assert isinstance(await tokens(reviewing(place.client)).check(token), Flaw)


@pytest.mark.timeout(200)
async def test_one_of_a_service_account_that_was_deleted_is_refused(place: Place) -> None:
    token = place.token(bound=False)
    assert isinstance(await tokens(reviewing(place.client)).check(token), TokenProof)
    place.admin.delete(place.account)

    async def is_refused() -> bool:
        return isinstance(await tokens(reviewing(place.client)).check(token), Flaw)

    await eventually(is_refused)


async def test_who_may_not_ask_is_told_so_and_lets_nobody_in(place: Place) -> None:
    connection = Connection(
        server=place.server.url,
        authority=Pem(file=str(place.server.ca_file)),
        user=User(token=place.server.tokens["nobody"]),
    )
    client = Client(connection)
    judge = Sparing(TokenReviews(client, audience=AUDIENCE), clock=MonotonicClock())
    found = await tokens(judge).check(place.token())
    assert isinstance(found, Flaw)
    assert found.passing
    assert "system:auth-delegator" in found.words
    answer = await AccessReviewer(client, clock=MonotonicClock()).may("somebody", (), deed(place))
    assert (answer.allowed, answer.known) == (False, False)
    await client.aclose()


async def test_a_pods_own_role_lets_it_ask(place: Place) -> None:
    """What the chart binds, and what every service account may besides, is enough."""
    subject = {"kind": "ServiceAccount", "name": "cart", "namespace": place.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"}
    binding = reference("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", place.namespace)
    place.admin.create(binding | {"subjects": [subject], "roleRef": role})
    own = place.token(audience="https://kubernetes.default.svc")
    connection = Connection(
        server=place.server.url, authority=Pem(file=str(place.server.ca_file)), user=User(token=own)
    )
    client = Client(connection)

    async def is_told() -> bool:
        return await tokens(reviewing(client)).check(place.token()) == place.proof

    # A new binding takes moments to hold.
    await eventually(is_told)
    keys = Keys(ClusterKeys(client), clock=MonotonicClock())
    await keys.key("any")
    assert (keys.trouble, keys.issuer, keys.are_known) == ("", "https://kubernetes.default.svc", True)
    assert (await AccessReviewer(client, clock=MonotonicClock()).may("somebody", (), deed(place))).known
    await client.aclose()


def deed(place: Place) -> Deed:
    return Deed(verb="patch", group="legation.dev", resource="upstreams", namespace=place.namespace)


async def test_rights_are_those_of_the_cluster(place: Place) -> None:
    role = reference("rbac.authorization.k8s.io/v1", "Role", "editors", place.namespace)
    rule = {"apiGroups": ["legation.dev"], "resources": ["upstreams"], "verbs": ["patch"]}
    place.admin.create(role | {"rules": [rule]})
    group = {
        "kind": "Group",
        "name": f"system:serviceaccounts:{place.namespace}",
        "apiGroup": "rbac.authorization.k8s.io",
    }
    binding = reference("rbac.authorization.k8s.io/v1", "RoleBinding", "editors", place.namespace)
    named = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "editors"}
    place.admin.create(binding | {"subjects": [group], "roleRef": named})
    proof = place.proof

    async def is_allowed() -> bool:
        reviewer = AccessReviewer(place.client, clock=MonotonicClock())
        return (await reviewer.may(proof.user, proof.groups, deed(place))).allowed

    await eventually(is_allowed)
    reviewer = AccessReviewer(place.client, clock=MonotonicClock())
    elsewhere = Deed(verb="patch", group="legation.dev", resource="upstreams", namespace="default")
    deleting = Deed(verb="delete", group="legation.dev", resource="upstreams", namespace=place.namespace)
    for other in (elsewhere, deleting):
        answer = await reviewer.may(proof.user, proof.groups, other)
        assert (answer.allowed, answer.known) == (False, True)
    answer = await reviewer.may("somebody", ("system:authenticated",), deed(place))
    assert (answer.allowed, answer.known) == (False, True)
