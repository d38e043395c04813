"""One `legation serve` whose admission webhook a real API server asks, as the chart has it ask.

Nobody makes addresses of Services here: the chart's is replaced by one that is another name for this machine, so that
the API server connects to the port of the test and wants to see the certificate of the Service all the same.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from demo import web
from demo.programs import Program, free_ports
from demo.stage import LEGATION
from tests.cluster.admin import Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.chart import apply_all, rendered, the, token_of
from tests.envoy.watching import PATIENCE

SERVICE = "legation-webhook"
API = "admissionregistration.k8s.io/v1"
KIND = "ValidatingWebhookConfiguration"
MUTATING = "MutatingWebhookConfiguration"


class Hook:
    """A release of the chart with the webhook, for one namespace, and one Pod of it. `opened` makes one."""

    def __init__(self, admin: Admin, server: ApiServer, *, home: str, namespace: str, folder: Path) -> None:
        self.admin, self.home, self.namespace = admin, home, namespace
        self.name = f"legation.{home}"
        self.port, self._admin_port, self._health, self._xds = free_ports(4)
        self._server, self._folder = server, folder
        self._programs: contextlib.ExitStack
        self._program: Program | None = None

    @property
    def configuration(self) -> Object:
        """What names the ValidatingWebhookConfiguration."""
        return reference(API, KIND, self.name)

    @property
    def injector(self) -> Object:
        """What names the MutatingWebhookConfiguration."""
        return reference(API, MUTATING, self.name)

    @property
    def xds(self) -> str:
        """Where Envoys find it."""
        return f"127.0.0.1:{self._xds}"

    def install(self, helm: Path, *values: str) -> None:
        """Apply the chart, with the Service as it can be called here."""
        chosen = ("webhook.enabled=true", "tls.enabled=false", f'namespaces=["{self.namespace}"]', *values)
        objects = rendered(helm, self.home, *chosen)
        for each in objects:
            if each["kind"] == "Service" and each["metadata"]["name"] == SERVICE:
                each["spec"] = {"type": "ExternalName", "externalName": "localhost"}
            if each["kind"] in {KIND, MUTATING}:
                for webhook in each["webhooks"]:
                    webhook["clientConfig"]["service"]["port"] = self.port
        apply_all(self.admin, [each for each in objects if not each["apiVersion"].startswith("cert-manager.io/")])
        self._arguments = the(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]

    async def start(self, *options: str) -> None:
        """Start the Pod with the chart's arguments, and wait until it is ready."""
        kubeconfig = self._server.kubeconfig(self._folder / "kubeconfig", token_of(self.admin, self.home), self.home)
        program = Program(
            "legation",
            *("env", "POD_NAME=legation-0", f"POD_NAMESPACE={self.home}"),
            *(LEGATION, *(each for each in self._arguments if not each.startswith("--state-dir"))),
            *("--kubeconfig", kubeconfig, "--xds-bind", "127.0.0.1", "--xds-port", str(self._xds)),
            *("--webhook-bind", "127.0.0.1", "--webhook-port", str(self.port), "--replica-bind", "127.0.0.1"),
            *("--replica-port", "0", "--admin-port", str(self._admin_port)),
            *("--health-bind", "127.0.0.1", "--health-port", str(self._health), "--log-level", "debug"),
            # One that is late because the machine is busy would let pass what it is to refuse.
            *("--webhook-time-limit", "30s", *options),
            log=self._folder / "legation.log",
        )
        self._program = self._programs.enter_context(program)
        await program.until(lambda: web.get(f"localhost:{self._health}", "/readyz"))

    def stop(self) -> None:
        """End it in order."""
        assert self._program is not None
        self._program.stop()

    async def until(self, look: Any, what: str) -> Any:
        """Wait until the look finds something."""
        assert self._program is not None
        try:
            return await web.until(look, within=PATIENCE, what=what)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self._program.last_words()}") from error

    async def trusted(self, *, other_than: Sequence[str] = (), of: Object | None = None) -> list[str]:
        """Wait until each webhook of the configuration trusts one certificate, and return what they trust."""
        configuration = of or self.configuration

        async def written() -> list[str] | None:
            webhooks = self.admin.get(configuration)["webhooks"]
            found = [each["clientConfig"].get("caBundle", "") for each in webhooks]
            return found if all(each and each not in other_than for each in found) else None

        bundles: list[str] = await self.until(written, "the authority in the configuration")
        return bundles

    async def pointed(self, *, other_than: str = "") -> str:
        """Wait until each webhook that validates asks at one secret path, and return it."""

        async def written() -> str | None:
            webhooks = self.admin.get(self.configuration)["webhooks"]
            paths = {each["clientConfig"]["service"].get("path", "") for each in webhooks}
            path = paths.pop()
            return path if not paths and len(path) > len("/validate/") and path != other_than else None

        path: str = await self.until(written, "the path in the configuration")
        return path

    async def asked(self) -> None:
        """Wait until the API server asks it, and takes its answers."""
        probe = raw(self.namespace, "probe", {"connect_timeout": "soon"})

        async def refused() -> bool:
            try:
                self.admin._ask("POST", self.admin._folder(probe), params={"dryRun": "All"}, json=probe)
            except Refused as refused:
                return "denied the request" in str(refused)
            return False

        await self.until(refused, "an answer of the webhook")

    async def page(self, path: str) -> str:
        """Return a page of its admin port."""
        return await web.get(f"localhost:{self._admin_port}", path)

    async def problems(self) -> str:
        """Return its page."""
        return await self.page("/problems")

    async def read(self, name: str) -> None:
        """Wait until it has read an object that is wrong."""

        async def told() -> bool:
            return f"{self.namespace}/{name}" in await self.problems()

        await self.until(told, f"a problem of {name}")

    def lines(self) -> Sequence[Mapping[str, Any]]:
        """Return what it has logged."""
        text = (self._folder / "legation.log").read_text()
        return [json.loads(each) for each in text.splitlines() if each.startswith("{")]


@contextlib.asynccontextmanager
async def opened(admin: Admin, server: ApiServer, namespace: str, folder: Path) -> AsyncIterator[Hook]:
    """Give one that is neither installed nor started; afterwards nothing asks it any more."""
    home = f"{namespace}-home"
    admin.namespace(home)
    hook = Hook(admin, server, home=home, namespace=namespace, folder=folder)
    with contextlib.ExitStack() as programs:
        hook._programs = programs
        try:
            yield hook
        finally:
            for each in (hook.configuration, hook.injector):
                with contextlib.suppress(Refused):
                    admin.delete(each)


def raw(namespace: str, name: str, config: Object, kind: str = "Cluster") -> Object:
    """Return an object of bootes.io."""
    return reference("bootes.io/v1", kind, name, namespace) | {"spec": {"config": {"name": name, **config}}}
