"""The chart of legation, rendered and applied, and the user that its Pods are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from tests.cluster.admin import Admin, Object, reference

CHART = Path(__file__).parents[2] / "deploy" / "chart"


def rendered(helm: Path, namespace: str, *values: str, release: str = "legation") -> list[Object]:
    """Return the objects of a release; values are written as for `--set-json`: `xdsPort=5000`."""
    flags = [flag for value in values for flag in ("--set-json", value)]
    command: list[str | Path] = [helm, "template", release, CHART, "--namespace", namespace, *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Return those of a kind."""
    return [each for each in objects if each["kind"] == kind]


def the(objects: list[Object], kind: str) -> Object:
    """Return the only one of a kind."""
    (found,) = of_kind(objects, kind)
    return found


def apply_all(admin: Admin, objects: list[Object]) -> None:
    """Apply them in their order, and wait for kinds that are new."""
    for each in objects:
        admin.apply(each)
        if each["kind"] == "CustomResourceDefinition":
            admin.wait_crd(each["metadata"]["name"])


def token_of(admin: Admin, namespace: str, service_account: str = "legation", *, audience: str = "") -> str:
    """Return a token by which the API server knows the ServiceAccount, as the Pods of the chart have one.

    Args:
        admin: Who asks.
        namespace: Of the account.
        service_account: Its name.
        audience: Who takes the token; empty: the API server itself.
    """
    # Asks for a subresource, which is no object with a name of its own.
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
    request = reference("authentication.k8s.io/v1", "TokenRequest", "", namespace) | {
        "spec": {"expirationSeconds": 3600, **({"audiences": [audience]} if audience else {})}
    }
    token: str = admin._ask("POST", path, json=request)["status"]["token"]
    return token
