"""What a test does to the cluster by hand, as `kubectl` would: each call waits for its answer."""

from __future__ import annotations

import json
import ssl
import time
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.cluster.api_server import ApiServer

Object = dict[str, Any]
"""An object of Kubernetes, or as much of one as names it: apiVersion, kind and metadata."""

PATIENCE = 20.0
"""Seconds for what takes tenths of one."""
STEP = 0.02
"""Seconds between two looks."""
MANAGER = "tests"
"""Whose fields these are, for those who apply others."""


class Refused(Exception):
    """The API server said no, in its own words."""

    def __init__(self, response: httpx2.Response) -> None:
        try:
            said = response.json()
        except json.JSONDecodeError:
            said = {"message": response.text.strip()}
        self.status = response.status_code
        self.reason = str(said.get("reason", ""))
        self.causes = [(each.get("field"), each.get("message")) for each in said.get("details", {}).get("causes", [])]
        """The fields and what is wrong with each, as kubectl shows them."""
        request = response.request
        super().__init__(f"{request.method} {request.url.path}: {self.status} {self.reason}: {said.get('message')}")


def reference(api_version: str, kind: str, name: str, namespace: str = "") -> Object:
    """Return as much of an object as names it."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


class Admin:
    """A client for one user, who may do everything unless it is given another one's token."""

    def __init__(self, server: ApiServer, token: str = "") -> None:
        self._client = httpx2.Client(
            base_url=server.url,
            verify=ssl.create_default_context(cafile=server.ca_file),
            headers={"Authorization": f"Bearer {token or server.admin_token}"},
            timeout=PATIENCE,
            trust_env=False,  # a proxy for the world outside does not know this machine
        )
        self._kinds: dict[tuple[str, str], tuple[str, bool]] = {}
        self.warnings: tuple[str, ...] = ()
        """What the last answer warned of, as kubectl would show it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def apply(self, value: Object) -> Object:
        """Apply an object on the server's side, as the owner of its fields whoever had them."""
        options = {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"}
        return self._patch(self._path(value), value, "application/apply-patch+yaml", options)

    def create(self, value: Object) -> Object:
        """Create an object; `metadata.generateName` will do for a name.

        While a custom resource definition is younger than two seconds the API server takes two more; not for `apply`.
        """
        options = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        return self._ask("POST", self._folder(value), params=options, json=value)

    def get(self, value: Object) -> Object:
        """Return the object that has this one's name, as it is now."""
        return self._ask("GET", self._path(value))

    def patch(self, value: Object) -> Object:
        """Change what the object says here; None removes a field, a list replaces the one before (a merge patch)."""
        return self._patch(self._path(value), value, "application/merge-patch+json")

    def patch_status(self, value: Object) -> Object:
        """The same for its status, which `apply` and `patch` leave alone."""
        return self._patch(f"{self._path(value)}/status", value, "application/merge-patch+json")

    def delete(self, value: Object, *, grace: int = 0) -> None:
        """Delete the object that has this one's name: at once, or a Pod that a node has within so many seconds."""
        self._ask("DELETE", self._path(value), params={"gracePeriodSeconds": str(grace)})

    def delete_all(self, api_version: str, kind: str, namespace: str) -> None:
        """Delete all objects of a kind in a namespace."""
        self._ask("DELETE", self._folder(reference(api_version, kind, "", namespace)))

    def list(self, api_version: str, kind: str, namespace: str = "") -> list[Object]:
        """Return all objects of a kind, in one namespace or everywhere."""
        name, _ = self._kind(api_version, kind)
        return list(self._ask("GET", f"{_root(api_version)}{_in(namespace)}/{name}")["items"])

    def namespace(self, name: str, **labels: str) -> Object:
        """Make a namespace."""
        return self.create(reference("v1", "Namespace", name) | {"metadata": {"name": name, "labels": labels}})

    def account_token(self, account: Object, *, audience: str, pod: Object | None = None, seconds: int = 600) -> str:
        """Return a token of a service account, as a kubelet requests it for a Pod that has it (TokenRequest)."""
        spec: Object = {"audiences": [audience], "expirationSeconds": seconds}
        if pod is not None:
            named = {"name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
            spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", **named}
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = self._ask("POST", f"{self._path(account)}/token", json=request)
        return str(answer["status"]["token"])

    def wait_crd(self, name: str) -> None:
        """Wait until the API server serves a custom resource: `plural.group`."""
        definition = reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
        end = time.monotonic() + PATIENCE
        while not self._established(self.get(definition)):
            if time.monotonic() > end:
                raise TimeoutError(f"{name} is not established within {PATIENCE:g} s")
            time.sleep(STEP)

    def _established(self, definition: Object) -> bool:
        conditions = definition.get("status", {}).get("conditions") or []
        if not any(each["type"] == "Established" and each["status"] == "True" for each in conditions):
            return False
        # Some moments later it can be discovered, too.
        spec = definition["spec"]
        versions = [f"{spec['group']}/{each['name']}" for each in spec["versions"] if each["served"]]
        return all(self._known(version, spec["names"]["kind"]) for version in versions)

    def _known(self, api_version: str, kind: str) -> bool:
        try:
            self._kind(api_version, kind)
        except (LookupError, Refused):
            return False
        return True

    def _path(self, value: Object) -> str:
        return f"{self._folder(value)}/{value['metadata']['name']}"

    def _folder(self, value: Object) -> str:
        name, namespaced = self._kind(value["apiVersion"], value["kind"])
        namespace = value["metadata"].get("namespace", "")
        if namespaced != bool(namespace):
            raise ValueError(f"{value['kind']} {value['metadata']} has {'no' if namespaced else 'a'} namespace")
        return f"{_root(value['apiVersion'])}{_in(namespace)}/{name}"

    def _kind(self, api_version: str, kind: str) -> tuple[str, bool]:
        """Return the name of a kind in paths, and whether its objects have namespaces."""
        # Looked up anew until it is there: custom resources come while the tests run.
        if (api_version, kind) not in self._kinds:
            for each in self._ask("GET", _root(api_version))["resources"]:
                if "/" not in each["name"]:
                    self._kinds[api_version, each["kind"]] = (each["name"], each["namespaced"])
        try:
            return self._kinds[api_version, kind]
        except KeyError:
            raise LookupError(f"the API server knows no {kind} in {api_version}") from None

    def _patch(self, path: str, body: Object, content_type: str, options: dict[str, str] | None = None) -> Object:
        options = options or {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        return self._ask(
            "PATCH", path, params=options, content=json.dumps(body), headers={"Content-Type": content_type}
        )

    def _ask(self, method: str, path: str, **request: Any) -> Object:
        response = self._client.request(method, path, **request)
        # Each is: 299 - "the text, with quotes and backslashes escaped".
        headers = [each.partition(" - ")[2] for each in response.headers.get_list("warning")]
        self.warnings = tuple(json.loads(each) for each in headers)
        if response.is_error:
            raise Refused(response)
        found: Object = response.json()
        return found


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _in(namespace: str) -> str:
    return f"/namespaces/{namespace}" if namespace else ""
