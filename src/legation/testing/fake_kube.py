"""FakeKube: the API server of Kubernetes in the memory of a test, over real HTTP on a loopback address.

::

    async with FakeKube() as kube:
        kube.install(ApiKind(group="example.com", version="v1", kind="Thing", plural="things"))
        kube.put({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"namespace": "shop", "name": "a"}})
        client = Client(kube.connection)

It passes the suite that the real one passes (`tests/conformance/kubernetes_api.py` of the project): lists in pages,
watches, streamed lists, conflicts, server-side apply, dry runs of that and of deletions, the status subresource,
generations, finalizers, discovery. It says whose tokens of service accounts are, and who may do what. It checks no
schema, runs no controller, needs no namespace to exist and knows no rights but those that a test takes away.

What is not like the real one is a test's wish: versions expire (`compact`), connections break (`drop`), requests fail
(`refuse_next`, `hang_next`, `cut_next`), somebody else is faster (`forestall_next`) or answers (`intercept`), the
server is away (`stop`, `start`).
Call it from the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Self

from legation.http_server import HttpServer
from legation.kube.connection import Connection, User
from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName
from legation.testing.fake_kube_answers import Json, plain
from legation.testing.fake_kube_depth import any_depth
from legation.testing.fake_kube_faults import REASONS, Asked, Faults, Wrong
from legation.testing.fake_kube_http import FakeKubeApp
from legation.testing.fake_kube_reviews import ACCESS_REVIEWS, TOKEN_REVIEWS
from legation.testing.fake_kube_store import Store, key_of
from legation.testing.fake_kube_watch import FakeWatch

TOKEN = "token-of-the-tests"  # noqa: S105 - of tests

_BUILT_IN = {
    ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps"): False,
    ApiKind(group="", version="v1", kind="Event", plural="events"): False,
    ApiKind(group="", version="v1", kind="Namespace", plural="namespaces", namespaced=False): True,
    ApiKind(group="", version="v1", kind="Pod", plural="pods"): True,
    ApiKind(group="", version="v1", kind="Secret", plural="secrets"): False,
    ApiKind(group="", version="v1", kind="Service", plural="services"): True,
    TOKEN_REVIEWS: False,
    ACCESS_REVIEWS: False,
    ApiKind(group="coordination.k8s.io", version="v1", kind="Lease", plural="leases"): False,
    ApiKind(group="discovery.k8s.io", version="v1", kind="EndpointSlice", plural="endpointslices"): False,
    ApiKind(group="events.k8s.io", version="v1", kind="Event", plural="events"): False,
}


class FakeKube:
    """An API server. Entering it starts it; leaving it ends it."""

    def __init__(self) -> None:
        """Hold nothing yet but the kinds that every cluster has."""
        self._store = Store()
        self._store.kinds.update(_BUILT_IN)
        self._faults = Faults()
        self._app = FakeKubeApp(self._store, self._faults, self._noticed)
        self._store.changed = self._changed
        self.tokens = self._app.tokens
        """Who may log in: each token and its user; under the empty one, who shows none."""
        self.tokens[TOKEN] = "tests"
        self._activity = asyncio.Event()
        self._port = 0
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def connection(self) -> Connection:
        """What it takes to reach it."""
        return Connection(server=self.url, user=User(token=next(iter(self.tokens), "")))

    async def start(self) -> None:
        """Listen: at any free port, later at the same one again, with the data of before."""
        server = HttpServer(self._app, bind="127.0.0.1", port=self._port, setting="--fake-kube")
        started = asyncio.Event()
        self._running = asyncio.create_task(server.run(started=started.set))
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait((waiting, self._running), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._running.done():
            self._running.result()
        self._port = server.port

    async def stop(self) -> None:
        """Go away: connections break, new ones are refused."""
        running, self._running = self._running, None
        if running is None:
            return
        self.drop()
        self._app.release()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Return when a condition on this server holds, such as `lambda: kube.watches == 2`."""
        while not condition():
            self._activity.clear()
            await self._activity.wait()

    # ------------------------------------------------------------------------------------------------------- objects

    def install(self, kind: ApiKind, *, status: bool = True) -> None:
        """Serve a kind from now on, with the status subresource or without."""
        self._store.kinds[kind] = status
        self._noticed()

    def remove(self, kind: ApiKind) -> None:
        """Serve a kind no longer; its objects are deleted."""
        self._store.uninstall(kind)

    @any_depth()
    def put(self, value: Mapping[str, object]) -> Json:
        """Create an object or replace it, its status included, whatever its version is; return what is stored."""
        given: Json = deepcopy(dict(value))
        kind = self._kind_of(given)
        metadata = given["metadata"]
        metadata.pop("resourceVersion", None)
        if kind.namespaced:
            metadata.setdefault("namespace", "default")
        stored = self._store.find(kind, key_of(given))
        write = self._store.create if stored is None else partial(self._store.replace, based=False)
        stored = write(kind, given)
        if "status" in given and stored.get("status") != given["status"]:
            stored = self._store.replace(kind, given, part="status", based=False)
        return deepcopy(stored)

    @any_depth()
    def get(self, kind: ApiKind, namespace: str, name: str) -> Json:
        """Return an object as it is stored."""
        return deepcopy(self._store.get(kind, NamespacedName(namespace, name)))

    @any_depth()
    def objects(self, kind: ApiKind) -> dict[NamespacedName, Json]:
        """Return all objects of a kind."""
        return deepcopy(self._store.all(kind))

    def delete(self, kind: ApiKind, namespace: str, name: str) -> None:
        """Delete an object; one with finalizers waits for them."""
        self._store.delete(kind, NamespacedName(namespace, name))

    @any_depth()
    def patch_status(self, kind: ApiKind, namespace: str, name: str, status: Mapping[str, object]) -> Json:
        """Replace the fields of an object's status that are given."""
        before = self._store.get(kind, NamespacedName(namespace, name))
        value = {**before, "status": {**before.get("status", {}), **status}}
        part = "status" if self._store.kinds[kind] else ""
        return deepcopy(self._store.replace(kind, value, part=part, based=False))

    # ------------------------------------------------------------------------------------------------- what was asked

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The requests so far, the oldest first."""
        return tuple(self._app.asked)

    def count(self, verb: str = "", plural: str = "") -> int:
        """Return how many requests there were: all, those of a verb (as RBAC calls it), those about a kind."""
        return sum(verb in {"", each.verb} and plural in {"", each.plural} for each in self._app.asked)

    def forget_asked(self) -> None:
        """Begin to count anew."""
        self._app.asked.clear()

    @property
    def watches(self) -> int:
        """How many watches are open."""
        return len(self._app.watches)

    @property
    def hanging(self) -> int:
        """How many requests get no answer at the moment."""
        return self._app.hanging

    # ------------------------------------------------------------------------------------------- what a test may wish

    @property
    def streams(self) -> bool:
        """Whether first states are streamed for who asks for that (WatchList)."""
        return self._app.streams

    @streams.setter
    def streams(self, wanted: bool) -> None:
        self._app.streams = wanted

    def bookmark(self) -> None:
        """Send a bookmark to all watches that want them."""
        self._each_watch(lambda each: each.bookmark())

    def compact(self, *, by_status: bool = False) -> None:
        """Forget all earlier versions: who comes with one is told that it is too old.

        Args:
            by_status: A watch is refused with the status 410, as some servers do; else it is told an ERROR event.
        """
        self._faults.versions_expire_by_status = by_status
        self._store.compact()

    def send_error(self, code: int) -> None:
        """Send an ERROR event to all watches, which ends them."""
        refusal = plain(code, REASONS.get(code, ""), "the test wants an error")
        self._each_watch(lambda each: each.fail(refusal))

    def end_watches(self) -> None:
        """End all watches in order, as their time-out does."""
        for each in self._app.watches:
            each.over = True
        self._app.wake()

    def drop(self) -> None:
        """Break the connections of all watches."""
        for each in self._app.watches:
            each.broken = True
        self._app.wake()

    def silence(self, *, wanted: bool = True) -> None:
        """Say nothing more on any watch, as a half-open connection does; or say all of it again."""
        self._app.silent = wanted
        self._app.wake()

    def refuse_next(
        self, status: int, *, times: int = 1, retry_after: int = 0, verb: str = "", plural: str = ""
    ) -> None:
        """Answer the next requests with a status of HTTP: all, those of a verb, those about a kind."""
        self._faults.add(Wrong(times=times, status=status, retry_after=retry_after, verb=verb, plural=plural))

    def hang_next(self, *, times: int = 1, verb: str = "", plural: str = "") -> None:
        """Give the next requests no answer, until they give up or `heal` is called."""
        self._faults.add(Wrong(times=times, hangs=True, verb=verb, plural=plural))

    def cut_next(self, *, times: int = 1, verb: str = "", plural: str = "") -> None:
        """Break the connections of the next requests in the middle of the answer; of a watch, in its first line."""
        self._faults.add(Wrong(times=times, cuts=True, verb=verb, plural=plural))

    def forestall_next(self, do: Callable[[], object], *, verb: str = "", plural: str = "") -> None:
        """Have something done just before the next request is performed, as somebody else who is faster does."""
        self._faults.add(Wrong(times=1, meanwhile=do, verb=verb, plural=plural))

    def intercept(self, path: str) -> None:
        """Answer 404 with a page for people wherever a path begins so, as a proxy on the way may do, until `heal`."""
        self._faults.intercepted.add(path)

    def heal(self) -> None:
        """Let all requests succeed again; break the connections of those that hang."""
        self._faults.clear()
        self._app.release()

    def forbid(self, verb: str, plural: str, namespace: str = "", *, user: str = "") -> None:
        """Forbid something, as RBAC would: `pods` or `pods/status`, in one namespace or all, to one user or all."""
        self._faults.forbidden.add((verb, plural, namespace, user))

    def allow(self, verb: str, plural: str, namespace: str = "", *, user: str = "") -> None:
        """Allow what was forbidden in the same words."""
        self._faults.forbidden.discard((verb, plural, namespace, user))

    # ------------------------------------------------------------------------------------------------ tokens and rights

    def account_token(
        self,
        namespace: str,
        service_account: str = "default",
        *,
        audiences: Sequence[str] = ("legation",),
        pod: str = "",
        pod_uid: str = "",
        seconds: float = 3600,
        claims: Mapping[str, object] = MappingProxyType({}),
    ) -> str:
        """Return a token of a service account, of which a TokenReview says whose it is.

        Args:
            namespace: Of the service account.
            service_account: Its name.
            audiences: Whom it is for.
            pod: The Pod that it is bound to: with that, it is good as long as the Pod is there; empty: none.
            pod_uid: Which Pod of that name; empty: the one that is there.
            seconds: How long it is good.
            claims: What it says otherwise than a real one would.
        """
        return self._app.reviews.token(
            namespace,
            service_account,
            audiences=audiences,
            pod=pod,
            pod_uid=pod_uid,
            seconds=seconds,
            claims=claims,
        )

    def rotate_token_key(self, *, forget: bool = False) -> None:
        """Sign tokens with another key from now on; `forget`: those before are no longer accepted."""
        self._app.reviews.rotate(forget=forget)

    def remove_account(self, namespace: str, service_account: str) -> None:
        """Delete a service account: its tokens are no longer accepted."""
        self._app.reviews.gone.add((namespace, service_account))

    def permit(self, who: str, verb: str, plural: str, namespace: str = "", *, name: str = "") -> None:
        """Let SubjectAccessReviews say yes: to a user or a group, in one namespace or all, of one name or all."""
        self._app.reviews.rights.add((who, verb, plural, namespace, name))

    def revoke(self, who: str, verb: str, plural: str, namespace: str = "", *, name: str = "") -> None:
        """Take away what was permitted in the same words."""
        self._app.reviews.rights.discard((who, verb, plural, namespace, name))

    def _kind_of(self, value: Json) -> ApiKind:
        named = (value["apiVersion"], value["kind"])
        for each in self._store.kinds:
            if (each.api_version, each.kind) == named:
                return each
        raise LookupError(f"FakeKube has no kind {named[1]} in {named[0]}; install it first")

    def _each_watch(self, do: Callable[[FakeWatch], None]) -> None:
        for each in self._app.watches:
            do(each)
        self._app.wake()

    def _changed(self) -> None:
        self._app.wake()
        self._noticed()

    def _noticed(self) -> None:
        self._activity.set()
