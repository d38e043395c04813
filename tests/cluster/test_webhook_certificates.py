"""The webhook's certificate at a real API server: renewed again and again while it is asked, or kept by others."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from demo import web
from legation.api.admission.configuration import VALIDATING
from legation.api.admission.deciding import Deciding
from legation.api.admission.keeping import MANAGER, Keeping
from legation.api.admission.side import AdmissionSide
from legation.api.admission.webhook import Webhook
from legation.cli.webhook_side import names
from legation.clock import MonotonicClock
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.pki import certificates
from legation.pki.authorities import Lives
from legation.pki.certificates import Pair
from legation.runtime.read import read
from legation.runtime.what_if import WhatIf
from legation.tls import shown as tls_shown
from legation.tls.material import Material
from legation.tls.pem import Pem
from legation.translate.pipeline import API_KINDS
from tests.cluster import webhook
from tests.cluster.admin import Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.chart import CHART, token_of
from tests.cluster.webhook import SERVICE, Hook, raw
from tests.envoy.watching import PATIENCE
from tests.unit.kube.certificates import Authority

pytestmark = pytest.mark.timeout(180)

SHORT = Lives(authority=15, certificate=8, trusted_before=2)
"""Seconds."""


@pytest.fixture
async def hook(admin: Admin, api_server: ApiServer, namespace: str, tmp_path: Path) -> AsyncIterator[Hook]:
    async with webhook.opened(admin, api_server, namespace, tmp_path) as made:
        yield made


class Shown(tls_shown.Shown):
    """Counts."""

    def __init__(self) -> None:
        super().__init__()
        self.certificates: set[bytes] = set()

    def show(self, material: Material) -> None:
        super().show(material)
        self.certificates.add(material.certificate)


@contextlib.asynccontextmanager
async def serving(hook: Hook, server: ApiServer, shown: Shown) -> AsyncIterator[None]:
    """Run a webhook whose certificates live for seconds, with the rights of the chart."""
    faults: list[Exception] = []
    token = token_of(hook.admin, hook.home)
    where = Connection(server=server.url, authority=Pem(file=str(server.ca_file)), user=User(token=token))
    client, clock = Client(where), MonotonicClock()
    keeping = Keeping(
        client,
        shown=shown,
        names=names(SERVICE, hook.home),
        namespace=hook.home,
        secret=SERVICE,
        configurations={VALIDATING: hook.name},
        leads=lambda: True,
        clock=clock,
        chance=random.random,
        lives=SHORT,
    )
    answers = Webhook(
        Deciding.of(API_KINDS),
        consider=lambda: WhatIf(read=read).problems,
        time_limit=60,
        refuse_unchecked=False,
        fault=faults.append,
    )
    side = AdmissionSide(
        answers,
        keeper=keeping,
        shown=shown,
        bind="127.0.0.1",
        port=hook.port,
        clock=clock,
        fault=faults.append,
        closed=client.aclose,
    )
    task = asyncio.create_task(side.run(started=lambda: None))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert (faults, [str(each) for each in side.problems()]) == ([], [])


async def connects(hook: Hook, bundle: str) -> None:
    """Connect as an API server does that trusts this."""
    trusted = ssl.create_default_context(cadata=base64.b64decode(bundle).decode())
    name = f"{SERVICE}.{hook.home}.svc"
    _, writer = await asyncio.open_connection("127.0.0.1", hook.port, ssl=trusted, server_hostname=name)
    writer.close()
    await writer.wait_closed()


async def test_while_certificates_and_authorities_change_no_request_fails(
    hook: Hook, admin: Admin, api_server: ApiServer, helm: Path
) -> None:
    hook.install(helm, 'webhook.failurePolicy="Fail"')
    shown, bundles, asked = Shown(), dict[str, float](), 0
    probe = raw(hook.namespace, "probe", {"connect_timeout": "soon"})
    async with serving(hook, api_server, shown):
        # What the API server knows it may know a moment later.
        await web.until(partial(refused, admin, probe), within=PATIENCE, what="an answer of the webhook")
        while len(shown.certificates) < 5 or len(bundles) < 4:
            found = await asyncio.to_thread(admin.get, hook.configuration)
            bundles[found["webhooks"][0]["clientConfig"]["caBundle"]] = time.monotonic()
            for bundle, last_seen in bundles.items():
                # It takes a while until every API server knows of another one.
                if time.monotonic() - last_seen < SHORT.trusted_before / 2:
                    await connects(hook, bundle)
            assert await refused(admin, probe)
            asked += 1
    assert asked > 100


async def refused(admin: Admin, probe: Object) -> bool:
    """Say whether the webhook refuses it."""
    try:
        await asyncio.to_thread(admin.create, probe)
    except Refused as error:
        return "denied the request" in str(error)
    return False


def test_an_upgrade_of_the_chart_leaves_the_certificate_alone(
    helm: Path, api_server: ApiServer, admin: Admin, namespace: str, tmp_path: Path
) -> None:
    config = api_server.kubeconfig(tmp_path / "kubeconfig", api_server.admin_token, namespace)
    values = "webhook.enabled=true,crds.install=false,preStopSleepSeconds=0"
    chosen = ("--set", values, "--kubeconfig", config)
    # The API server of this tier knows no version of its own.
    chart = shutil.copytree(CHART, tmp_path / "chart")
    description = (chart / "Chart.yaml").read_text()
    (chart / "Chart.yaml").write_text(re.sub("(?m)^kubeVersion:.*$", "", description))
    secret = reference("v1", "Secret", SERVICE, namespace)
    hook = reference(webhook.API, webhook.KIND, f"legation.{namespace}")

    def run(*command: str | Path) -> None:
        done = subprocess.run([helm, *command, "legation", chart, *chosen], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    run("install")
    try:
        admin.patch(secret | {"data": {"server.crt": "AAAA"}})
        found = admin.get(hook)["webhooks"]
        bundle = base64.b64encode(Authority("own").pem).decode()
        own = [{"name": each["name"], "clientConfig": {"caBundle": bundle}} for each in found]
        admin._patch(
            admin._path(hook),
            hook | {"webhooks": own},
            "application/apply-patch+yaml",
            {"fieldManager": MANAGER, "force": "true"},
        )
        run("upgrade", "--set", "logLevel=debug,webhook.timeoutSeconds=3")
        assert admin.get(secret)["data"] == {"server.crt": "AAAA"}
        after = admin.get(hook)["webhooks"]
        assert {(each["clientConfig"]["caBundle"], each["timeoutSeconds"]) for each in after} == {(bundle, 3)}
    finally:
        admin.delete(hook)


# cert-manager's


class CertManager:
    """Writes the files and the field `caBundle`, as cert-manager and a kubelet do."""

    def __init__(self, hook: Hook, folder: Path) -> None:
        self._hook, self.folder = hook, folder
        folder.mkdir()
        self._issued = 0

    def renew(self) -> None:
        """Have another authority, and a certificate that it has signed."""
        now = time.time()
        authority = certificates.authority(now=now, seconds=3600)
        pair = certificates.issue(authority, names=[f"{SERVICE}.{self._hook.home}.svc"], now=now, seconds=3600)
        self._mount(pair)
        found = self._hook.admin.get(self._hook.configuration)["webhooks"]
        for each in found:
            each["clientConfig"]["caBundle"] = base64.b64encode(authority.certificate).decode()
        self._hook.admin.patch({**self._hook.configuration, "webhooks": found})

    def _mount(self, pair: Pair) -> None:
        self._issued += 1
        data = self.folder / f"..{self._issued}"
        data.mkdir()
        (data / "tls.crt").write_bytes(pair.certificate)
        (data / "tls.key").write_bytes(pair.key)
        for name in ("tls.crt", "tls.key"):
            with contextlib.suppress(FileExistsError):
                (self.folder / name).symlink_to(Path("..data") / name)
        fresh = self.folder / "..fresh"
        fresh.symlink_to(data.name)
        fresh.rename(self.folder / "..data")


async def test_the_certificate_of_cert_manager_is_shown_and_the_path_alone_is_written(
    hook: Hook, admin: Admin, helm: Path, tmp_path: Path
) -> None:
    hook.install(helm, "webhook.certManager.enabled=true")
    found = admin.get(hook.configuration)["metadata"]["annotations"]
    assert found["cert-manager.io/inject-ca-from"] == f"{hook.home}/{SERVICE}"
    manager = CertManager(hook, tmp_path / "certificates")
    await hook.start("--webhook-certificates", str(manager.folder), "--status", "off")
    # Nobody has made one yet.
    assert "tls.crt cannot be read" in await hook.problems()
    for _ in range(2):
        manager.renew()
        await hook.asked()
    assert "webhook" not in await hook.problems()
    secret = await hook.pointed()
    assert set(admin.get(reference("v1", "Secret", SERVICE, hook.home))["data"]) == {"path"}
    found = admin.get(hook.configuration)
    owned = [each["fieldsV1"] for each in found["metadata"]["managedFields"] if each["manager"] == MANAGER]
    assert "f:path" in str(owned)
    assert "caBundle" not in str(owned)
    # The next certificate leaves the path, and the path the certificate.
    manager.renew()
    await hook.asked()
    assert await hook.pointed() == secret
