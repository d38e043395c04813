"""A cluster to be measured in: a real API server that keeps a record of what is asked of it, and what it holds.

legation runs as the ServiceAccount of `deploy/legation.yaml`, with the rights that this gives and no others. Others
have a ServiceAccount of their own.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx2
import yaml

from tests.cluster.admin import Admin
from tests.cluster.api_server import ApiServer
from tests.cluster.chart import apply_all, token_of

NAMESPACE = "bench"
HOME = "legation"
"""The namespace of legation itself."""
ACCOUNT = "legation"
AT_A_TIME = 16
"""Requests that fill the cluster."""
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
_MANIFEST = Path(__file__).parents[1] / "deploy" / "legation.yaml"
_NEEDED = {"Namespace", "ServiceAccount", "CustomResourceDefinition"}
_OF_ACCESS = "rbac.authorization.k8s.io"


class RecordedServer(ApiServer):
    """An API server that writes down every request of a ServiceAccount."""

    def _flags(self) -> list[str]:
        policy, self.record = self.folder / "audit.yaml", self.folder / "audit.log"
        # Each request once, when it was answered.
        omitted = ["RequestReceived", "ResponseStarted"]
        accounts = ["system:serviceaccounts"]
        rules = [{"level": "Metadata", "userGroups": accounts, "omitStages": omitted}, {"level": "None"}]
        policy.write_text(yaml.safe_dump({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}))
        return [
            *super()._flags(),
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.record}",
            "--audit-log-mode=blocking",
        ]


class BenchCluster:
    """What the benchmark does in the cluster."""

    def __init__(self, server: RecordedServer, kubeconfig: Path) -> None:
        self.server = server
        self._client = httpx2.AsyncClient(
            base_url=server.url,
            verify=ssl.create_default_context(cafile=server.ca_file),
            headers={"Authorization": f"Bearer {server.admin_token}"},
            timeout=60,
            trust_env=False,
        )
        self._read = 0
        self._asked: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.kubeconfig = kubeconfig
        """That of legation."""

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path) -> AsyncIterator[Self]:
        """Give one that has what the manifest of legation brings, and an empty namespace."""
        with RecordedServer(folder / "api-server") as server:
            kubeconfig = await asyncio.to_thread(_install, server, folder)
            cluster = cls(server, kubeconfig)
            try:
                yield cluster
            finally:
                await cluster._client.aclose()

    async def create(self, folder: str, objects: Iterable[dict[str, Any]], *, status: bool = False) -> None:
        """Create objects of one kind; the API server takes their status only when they are there.

        Args:
            folder: The path of the kind in its namespace: `api/v1/namespaces/bench/pods`.
            objects: What is created.
            status: Whether they have one.
        """

        async def one(value: dict[str, Any]) -> None:
            await self._ask("POST", f"/{folder}", value, "application/json")
            if status:
                path = f"/{folder}/{value['metadata']['name']}/status"
                await self._ask("PATCH", path, {"status": value["status"]}, MERGE_PATCH)

        await each_of((one(value) for value in objects), at_a_time=AT_A_TIME)

    async def patch(self, path: str, change: Any, content_type: str = MERGE_PATCH) -> None:
        """Change an object, and return when the API server has answered."""
        await self._ask("PATCH", f"/{path}", change, content_type)

    async def delete(self, path: str) -> None:
        """Delete an object, and return when the API server has answered."""
        await self._ask("DELETE", f"/{path}", {}, "application/json")

    async def account(self, objects: Iterable[dict[str, Any]], *, namespace: str, account: str) -> str:
        """Apply objects, a ServiceAccount among them, and return its token."""

        def apply() -> str:
            with Admin(self.server) as admin:
                apply_all(admin, list(objects))
                return token_of(admin, namespace, account)

        return await asyncio.to_thread(apply)

    def requests(self, *, namespace: str = HOME, account: str = ACCOUNT) -> Counter[str]:
        """Return what a ServiceAccount has asked since this was asked before, beside its watches: kinds, how often."""
        with self.server.record.open("rb") as file:
            file.seek(self._read)
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read += len(whole)
        for event in map(json.loads, whole.splitlines()):
            if (what := _told(event)) is not None:
                self._asked[event["user"]["username"]][what] += 1
        return self._asked.pop(f"system:serviceaccount:{namespace}:{account}", Counter())

    async def _ask(self, method: str, path: str, body: Any, content_type: str) -> None:
        headers = {"Content-Type": content_type}
        response = await self._client.request(method, path, content=json.dumps(body), headers=headers)
        if response.is_error:
            raise RuntimeError(f"{method} {path}: {response.text}")


def listed(asked: Mapping[str, int]) -> str:
    """Return how many requests that are, and of which kinds."""
    kinds = ", ".join(f"{count} {what}" for what, count in sorted(asked.items()) if count)
    return kinds or "0"


async def each_of(asked: Iterable[Awaitable[None]], *, at_a_time: int) -> None:
    """Do all, so many at a time, in their order."""
    left = iter(asked)

    async def worker() -> None:
        for each in left:
            await each

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_a_time):
            tasks.create_task(worker())


def _install(server: ApiServer, folder: Path) -> Path:
    """Bring what the manifest has beside Pods, and return legation's kubeconfig."""
    every = yaml.safe_load_all(_MANIFEST.read_text())
    objects = [each for each in every if each["kind"] in _NEEDED or each["apiVersion"].startswith(_OF_ACCESS)]
    with Admin(server) as admin:
        apply_all(admin, objects)
        admin.namespace(NAMESPACE)
        return server.kubeconfig(folder / "kubeconfig", token_of(admin, HOME, ACCOUNT), HOME)


def _told(event: dict[str, Any]) -> str | None:
    """Return what kind of a request it was; None for a watch."""
    what, code = event.get("objectRef"), event["responseStatus"]["code"]
    if event["verb"] == "watch":
        return None
    # A question about no object asks which kinds there are.
    if what is None or (event["verb"] == "list" and code == httpx2.codes.NOT_FOUND):
        return "looks for a kind that is not installed"
    if what["resource"] in {"leases", "events"}:
        return str(what["resource"])
    name = "/".join(filter(None, (what["resource"], what.get("subresource"))))
    return "status" if what.get("subresource") == "status" else f"{event['verb']} {name}"
