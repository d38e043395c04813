"""Sidecars that a real API server has added to Pods, and a real Envoy that starts as such a Pod says."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
from click.testing import CliRunner

from demo import web
from demo.programs import Program, free_ports
from demo.proxy import BINARY
from legation.cli.program import main
from legation.pki import certificates
from tests.cluster import webhook
from tests.cluster.admin import Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.kubelet import Given, command_line, container_of, pre_stop
from tests.cluster.pod_volumes import NotThere, PodVolumes, service_account
from tests.cluster.webhook import API, MUTATING, Hook

pytestmark = pytest.mark.timeout(120)
DOMAIN = "legation.dev"
INJECT = f"{DOMAIN}/inject"
# An answer that is late because the machine is busy would be none.
CHOSEN = ("tls.enabled=true", "webhook.enabled=false", "injector.enabled=true", "injector.timeoutSeconds=30")
STRICT = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture
async def hook(admin: Admin, api_server: ApiServer, helm: Path, namespace: str, tmp_path: Path) -> AsyncIterator[Hook]:
    """One that the API server asks for sidecars alone."""
    async with webhook.opened(admin, api_server, namespace, tmp_path) as made:
        made.install(helm, *CHOSEN)
        await made.start("--injector-xds", made.xds)
        await made.trusted(of=made.injector)
        await asked(made)
        yield made


async def asked(hook: Hook) -> None:
    """Wait until the API server asks it, and takes its answers: a configuration counts some moments later."""

    async def injected() -> bool:
        made = pod(hook.namespace, labels={INJECT: "enabled"})
        answer = hook.admin._ask("POST", hook.admin._folder(made), params={"dryRun": "All"}, json=made)
        return "initContainers" in answer["spec"]

    await hook.until(injected, "a sidecar")


def pod(
    namespace: str,
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> Object:
    """Return a Pod whose name nobody knows before it is admitted."""
    secure = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    prefixed = {f"legation.dev/{name}": value for name, value in (annotations or {}).items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "web-",
            "namespace": namespace,
            "labels": {"app": "web", **(labels or {})},
            "annotations": prefixed,
        },
        "spec": {
            # What an admission plugin of the API server would write, which is off here.
            "serviceAccountName": "default",
            "containers": [{"name": "web", "image": "web", "securityContext": secure}],
            **spec,
        },
    }


def ask_all(hook: Hook, **labels: str) -> None:
    """Label the namespace."""
    named = reference("v1", "Namespace", hook.namespace)
    hook.admin.patch({**named, "metadata": {"name": hook.namespace, "labels": {INJECT: "enabled", **labels}}})


def names(found: Object) -> list[str]:
    """Return the init containers of a Pod."""
    return [each["name"] for each in found["spec"].get("initContainers", ())]


# Who is given one


async def test_pods_are_given_a_sidecar_where_they_or_their_namespace_ask_for_it(hook: Hook, admin: Admin) -> None:
    assert names(admin.create(pod(hook.namespace))) == []
    assert names(admin.create(pod(hook.namespace, labels={INJECT: "enabled"}))) == ["envoy"]
    ask_all(hook)

    async def found() -> bool:
        """The API server learns of a namespace's labels some moments later."""
        made = admin.create(pod(hook.namespace, initContainers=[{"name": "first", "image": "a"}]))
        return names(made) == ["envoy", "first"]

    await hook.until(found, "the label of the namespace")
    assert names(admin.create(pod(hook.namespace, labels={INJECT: "disabled"}))) == []
    assert admin.warnings == ()
    with pytest.raises(Refused, match="it has to be enabled or disabled"):
        admin.create(pod(hook.namespace, labels={INJECT: "true"}))


async def test_it_is_admitted_where_the_rules_are_strictest(hook: Hook, admin: Admin) -> None:
    ask_all(hook, **STRICT)

    async def strict() -> bool:
        with contextlib.suppress(Refused):
            admin.create(pod(hook.namespace, labels={INJECT: "disabled"}, hostPID=True))
            return False
        return True

    await hook.until(strict, "the rules")
    found = admin.create(pod(hook.namespace, labels={INJECT: "enabled"}))
    assert names(found) == ["envoy"]
    assert not [each for each in admin.warnings if "PodSecurity" in each]


async def test_a_pod_of_the_nodes_network_goes_without_and_is_told_so(hook: Hook, admin: Admin) -> None:
    label = {INJECT: "enabled"}
    assert names(admin.create(pod(hook.namespace, labels=label, hostNetwork=True))) == []
    assert "no sidecar is added: it is in the network of its node" in admin.warnings[0]
    one = {"host-network": "enabled", "ports": "http=8080", "xds": "legation.home.svc:1", "wait": "5s"}
    found = admin.create(pod(hook.namespace, labels=label, annotations=one, hostNetwork=True))
    assert names(found) == ["envoy"]
    assert "dnsPolicy" in admin.warnings[0]


@pytest.mark.parametrize(
    "shared",
    [
        {"limits": {"memory": "100Mi", "cpu": "1"}},
        {"requests": {"memory": "32Mi", "cpu": "10m"}},
        {"limits": {"cpu": "40m"}},
    ],
)
async def test_where_the_containers_of_a_pod_share_its_resources_it_is_taken(
    hook: Hook, admin: Admin, shared: dict[str, Any]
) -> None:
    """The API server takes no container with more than the Pod has, and none that together ask for more."""
    assert names(admin.create(pod(hook.namespace, labels={INJECT: "enabled"}, resources=shared))) == ["envoy"]


async def test_it_sleeps_no_longer_than_the_api_server_takes(hook: Hook, admin: Admin) -> None:
    told = {"drain": "10s"}
    made = pod(hook.namespace, labels={INJECT: "enabled"}, annotations=told, terminationGracePeriodSeconds=10)
    assert names(admin.create(made)) == ["envoy"]
    made["spec"]["terminationGracePeriodSeconds"] = 9
    with pytest.raises(Refused, match="longer than the 9 s that the Pod has to end"):
        admin.create(made)


async def test_an_annotation_that_cannot_be_read_is_refused_in_words(hook: Hook, admin: Admin) -> None:
    wrong = {"memory-limit": "much", "bootstrap": "static_resources: {clusters: [{nam: a}]}"}
    for (name, value), below in zip(wrong.items(), ("", ".static_resources.clusters[0].nam"), strict=True):
        with pytest.raises(Refused) as refused:
            admin.create(pod(hook.namespace, labels={INJECT: "enabled"}, annotations={name: value}))
        assert refused.value.status == 422
        assert f'metadata.annotations["legation.dev/{name}"]{below}' in {field for field, _ in refused.value.causes}
    admin.create(pod(hook.namespace, labels={INJECT: "enabled"}, annotations={"log_level": "debug"}))
    assert 'did you mean "legation.dev/log-level"?' in admin.warnings[0]


async def test_ephemeral_containers_and_later_changes_are_left_alone(hook: Hook, admin: Admin) -> None:
    made = admin.create(pod(hook.namespace, labels={INJECT: "enabled"}))
    named = reference("v1", "Pod", made["metadata"]["name"], hook.namespace)
    body = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "a"}]}}
    path = f"{admin._path(named)}/ephemeralcontainers"
    admin._patch(path, body, "application/strategic-merge-patch+json", {})
    admin.patch({**named, "metadata": {**named["metadata"], "labels": {"a": "b"}}})
    assert names(admin.get(named)) == ["envoy"]
    assert admin.warnings == ()


async def test_while_nobody_answers_pods_are_created_without(hook: Hook, admin: Admin) -> None:
    hook.stop()
    assert names(admin.create(pod(hook.namespace, labels={INJECT: "enabled"}))) == []


async def test_where_it_is_told_so_no_pod_is_created_while_nobody_answers(hook: Hook, admin: Admin, helm: Path) -> None:
    hook.install(helm, *CHOSEN, 'injector.failurePolicy="Fail"')
    await hook.trusted(of=hook.injector)
    hook.stop()

    async def refused() -> bool:
        """The new rule counts some moments later."""
        with contextlib.suppress(Refused):
            admin.create(pod(hook.namespace, labels={INJECT: "enabled"}))
            return False
        return True

    await hook.until(refused, "a refusal")
    assert names(admin.create(pod(hook.namespace))) == []


async def test_what_is_injected_offline_is_taken_and_stays_as_it_is(hook: Hook, admin: Admin) -> None:
    made = pod(hook.namespace, labels={INJECT: "enabled"}, annotations={"ports": "http=8080", "http-proxy": "15001"})
    command = ["inject", "-f", "-", "--xds", "elsewhere:18000", "--set", "drain=5s", "--set", "wait=none"]
    done = CliRunner().invoke(main, command, input=json.dumps(made))
    assert done.exit_code == 0
    offline = json.loads(done.stdout)
    found = admin.create(offline)
    assert names(found) == ["envoy"]
    assert container_of(found, "envoy")["args"] == container_of(offline, "envoy")["args"]
    assert admin.warnings == ()


async def test_what_was_injected_before_stays_as_it_is(hook: Hook, admin: Admin) -> None:
    """Offline, or by the first of two webhooks that are asked about one Pod."""
    before = admin.create(pod(hook.namespace, labels={INJECT: "enabled"}, annotations={"http-proxy": "15001"}))
    again = {**before, "metadata": {**before["metadata"], "name": "again", "resourceVersion": ""}}
    del again["metadata"]["generateName"], again["metadata"]["resourceVersion"], again["metadata"]["uid"]
    after = admin.create(again)
    assert after["spec"] == before["spec"]


# Other webhooks


@pytest.fixture
def second(hook: Hook, admin: Admin) -> Iterator[None]:
    """A second one of the same server, which the API server asks after the first."""
    own = admin.get(hook.injector)
    webhooks = [{**each, "name": f"again.{each['name']}"} for each in own["webhooks"]]
    named = reference(own["apiVersion"], MUTATING, f"z-{hook.name}")
    admin.create({**named, "webhooks": webhooks})
    yield
    admin.delete(named)


@pytest.mark.usefixtures("second")
async def test_asked_twice_it_gives_one(hook: Hook, admin: Admin) -> None:
    async def once() -> bool:
        found = admin.create(pod(hook.namespace, labels={INJECT: "enabled"}, annotations={"http-proxy": "15001"}))
        assert names(found) == ["envoy"]
        variables = [each["name"] for each in found["spec"]["containers"][0]["env"]]
        assert sorted(variables) == ["HTTP_PROXY", "NO_PROXY", "http_proxy", "no_proxy"]
        # The second one counts some moments after it was written.
        told = admin._client.get("/metrics").text.splitlines()
        return any(f'name="again.pods.injector.{DOMAIN}"' in each and 'code="200"' in each for each in told)

    await hook.until(once, "both of them asked")


async def test_containers_that_another_webhook_adds_later_are_seen_too(hook: Hook, admin: Admin) -> None:
    """The API server asks again about what another one has changed."""
    late = {"name": "late", "image": "late"}
    with Adding(late) as other:
        configured = reference(API, MUTATING, f"z-{hook.name}")
        admin.create({**configured, "webhooks": [other.webhook(hook.namespace)]})
        try:

            async def added() -> bool:
                made = pod(hook.namespace, labels={INJECT: "enabled"}, annotations={"http-proxy": "15001"})
                found = admin.create(made)
                if len(found["spec"]["containers"]) == 1:
                    return False
                web, other_one = found["spec"]["containers"]
                assert names(found) == ["envoy"]
                assert other_one["name"] == "late"
                assert other_one["env"] == web["env"]
                return True

            await hook.until(added, "a container of the other webhook")
        finally:
            admin.delete(configured)


class Adding:
    """Another webhook, which adds a container to each Pod that has not got it; in a thread, while its block lasts."""

    def __init__(self, container: Object) -> None:
        now = time.time()
        self._authority = certificates.authority(now=now, seconds=3600)
        pair = certificates.issue(self._authority, names=["localhost"], now=now, seconds=3600)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            both = Path(folder, "pair.pem")
            both.write_bytes(pair.key + pair.certificate)
            context.load_cert_chain(both)

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
                response: dict[str, Any] = {"uid": asked["uid"], "allowed": True}
                if container["name"] not in {each["name"] for each in asked["object"]["spec"]["containers"]}:
                    patch = [{"op": "add", "path": "/spec/containers/-", "value": container}]
                    response |= {
                        "patchType": "JSONPatch",
                        "patch": base64.b64encode(json.dumps(patch).encode()).decode(),
                    }
                body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
                text = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def webhook(self, namespace: str) -> Object:
        """Return how the API server is told of it."""
        pods = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}
        return {
            "name": "z.example.com",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 30,
            "clientConfig": {
                "url": f"https://localhost:{self._server.server_port}/",
                "caBundle": base64.b64encode(self._authority.certificate).decode(),
            },
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [pods],
        }


# What runs


async def test_a_real_envoy_starts_as_the_pod_says_and_gets_its_configuration(
    hook: Hook, admin: Admin, tmp_path: Path
) -> None:
    admin_port, ready, port = free_ports(3)
    more = {"stats_config": {"stats_tags": [{"tag_name": "a.$(POD_NAME)$$", "fixed_value": "b"}]}}
    annotations = {"admin-port": str(admin_port), "ready-port": str(ready), "bootstrap": json.dumps(more)}
    made = admin.create(pod(hook.namespace, labels={INJECT: "enabled"}, annotations=annotations))
    named = reference("v1", "Pod", made["metadata"]["name"], hook.namespace)
    address = "127.0.0.1"
    admin.patch_status({**named, "status": {"podIP": address, "podIPs": [{"ip": address}], "phase": "Pending"}})
    sidecar = container_of(made, "envoy")
    given = Given.of(made, ip=address)
    command = command_line(sidecar, given)
    service_account(admin, hook.namespace)
    volumes = PodVolumes(admin, made, tmp_path / "volumes")

    async def brought() -> bool:
        with contextlib.suppress(NotThere):
            volumes.bring()
            return True
        return False

    await hook.until(brought, "the volumes")
    with Program("envoy", *volumes.command(sidecar), BINARY, *command, log=tmp_path / "envoy.log") as envoy:

        async def is_ready() -> bool:
            await web.get(f"127.0.0.1:{ready}", "/ready")
            return True

        await envoy.until(is_ready)
        admin.apply(listener(hook.namespace, port))

        async def answered() -> bool:
            return await web.get(f"127.0.0.1:{port}", "/") == "hello"

        await envoy.until(answered)
        node = json.loads(await web.get(f"127.0.0.1:{admin_port}", "/server_info"))["node"]
        assert (node["id"], node["cluster"]) == (f"{given.name}.{given.namespace}", f"web.{given.namespace}")
        dump = json.loads(await web.get(f"127.0.0.1:{admin_port}", "/config_dump?mask=bootstrap"))
        assert dump["configs"][0]["bootstrap"]["stats_config"] == more["stats_config"]
        stop = pre_stop(sidecar)
        assert stop is not None
        stopping = await asyncio.create_subprocess_exec(*stop)
        assert await stopping.wait() == 0
        # It goes on, and asks its clients to come back by new connections.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
        answer = await reader.read()
        writer.close()
        assert b"connection: close" in answer
        assert answer.endswith(b"hello")
        assert envoy.stop() == 0


def listener(namespace: str, port: int) -> Object:
    """Return a listener for the Envoys of these Pods, which answers by itself."""
    manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    hello = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "hello"}}}
    http = {
        "@type": f"type.googleapis.com/{manager}",
        "stat_prefix": "web",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [hello]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": http}]}
    config = {
        "name": "web",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [chain],
    }
    made = webhook.raw(namespace, "web", config, "Listener")
    made["spec"]["workloadSelector"] = {"labels": {"app": "web"}}
    return made
