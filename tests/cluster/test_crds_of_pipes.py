"""The CustomResourceDefinition of VirtualServices on a real API server: what l7mp's users have is taken as it is, and
what l7mp took and broke on is refused in words that say how to mend it."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from legation.translate.virtual_service import KIND
from tests.cluster.admin import Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer, Binaries

CRD: Object = yaml.safe_load(
    (Path(__file__).parents[2] / f"src/legation/crds/{KIND.plural}.{KIND.group}.yaml").read_text()
)
FINALIZER = "l7mp.io/delete"
LONGEST = 400
"""How many listeners an object may have."""


def endpoint(host: Any = None, **more: Any) -> Object:
    """Return one, at the loopback unless it is said where."""
    return {"name": "media", "host": {"address": "127.0.0.1"} if host is None else host, "port": 1234, **more}


def to(*endpoints: Object, **more: Any) -> Object:
    """Return a cluster with these endpoints."""
    common = {"name": "rtp-c", "service_discovery": "strictdns", "hash_key": "call", "endpoints": list(endpoints)}
    return common | more


def udp(name: str = "rtp-l", cluster: Object | None = None, **more: Any) -> Object:
    """Return a listener."""
    return {"name": name, "udp": {"port": 2000, "cluster": to(endpoint()) if cluster is None else cluster, **more}}


def tcp(name: str = "control-l", **more: Any) -> Object:
    """Return one for TCP."""
    return {"name": name, "tcp": {"port": 2000, "cluster": to(endpoint()), **more}}


def checked(**check: Any) -> Object:
    """Return a listener whose hosts are checked like that."""
    return udp(cluster=to(endpoint(), health_check={"interval": 500, "protocol": "TCP", **check}))


def without(value: Object, *path: str | int) -> Object:
    """Return a copy in which a field is missing."""
    made = copy.deepcopy(value)
    inner: Any = made
    for each in path[:-1]:
        inner = inner[each]
    del inner[path[-1]]
    return made


def pipes(namespace: str, *listeners: Object, name: str = "call", selector: Any = None) -> Object:
    """Return an object with these listeners."""
    made = reference(KIND.api_version, KIND.kind, name, namespace)
    return made | {"spec": {"selector": selector or {"app": "envoy-ingress"}, "listeners": list(listeners)}}


@pytest.fixture(scope="module", autouse=True)
def _served(admin: Admin) -> None:
    admin.apply(CRD)
    admin.wait_crd(CRD["metadata"]["name"])


# ---------------------------------------------------------------------------------------------------- what is accepted

# As the README of l7mp-xds-operator has them.
OF_THE_README = """
apiVersion: servicemesh.l7mp.io/v1
kind: VirtualService
metadata:
  name: virtualservice-sample-ingress
spec:
  selector:
    app: envoy-ingress
  listeners:
    - name: ingress-rtp-callid1-l
      udp:
        port: 2000
        cluster:
          name: ingress-rtp-callid1-c
          service_discovery: strictdns
          health_check:
            interval: 500
            protocol: TCP
          hash_key: callid
          endpoints:
            - name: endpoint-name
              host:
                selector:
                  app: worker
              port: 2001
              health_check_port: 1233
---
apiVersion: servicemesh.l7mp.io/v1
kind: VirtualService
metadata:
  name: virtualservice-sample-worker
spec:
  selector:
    app: worker
  listeners:
    - name: worker-rtp-callid1-l
      udp:
        port: 2001
        cluster:
          name: worker-rtp-callid1-c
          service_discovery: strictdns
          hash_key: callid
          endpoints:
            - name: endpoint-name
              host:
                address: 127.0.0.1
              port: 1234
---
apiVersion: servicemesh.l7mp.io/v1
kind: VirtualService
metadata:
  name: selector-beside-name
spec:
  selector:
    app: envoy-ingress
  listeners:
    - name: ingress-callid-l
      udp:
        port: 2001
        cluster:
          name: ingress-callid-c
          service_discovery: strictdns
          health_check:
            interval: 500
            protocol: TCP
          hash_key: callid
          endpoints:
            - name: endpoint-name-1
              host:
                selector:
                  app: worker
              port: 1234
              health_check_port: 1233
            - name: endpoint-name-2
              host:
                address: tcp-echo.default.svc
              port: 1234
              health_check_port: 1233
---
apiVersion: servicemesh.l7mp.io/v1
kind: VirtualService
metadata:
  name: base
spec:
  selector:
    app: envoy-ingress
  listeners: []
"""
EVERYTHING: dict[str, Any] = {
    "address": "::",
    "idle_timeout": 5000,
    "cluster": {
        "name": "rtp-c",
        "service_discovery": "eds",
        "hash_key": "100 % of a call",
        "connect_timeout": 250,
        "maglev_table_size": 5000011,
        "initial_fetch_timeout": 0,
        "health_check": {
            "interval": 100,
            "protocol": "HTTP",
            "path": "/healthz",
            "timeout": 50,
            "healthy_threshold": 2,
            "unhealthy_threshold": 3,
        },
        "endpoints": [
            endpoint({"selector": {"app": "worker", "zone": "a"}}, health_check_port=1233),
            endpoint({"address": "2001:db8::c"}),
            endpoint({"address": "10.0.0.7"}, port=65535),
        ],
    },
}


@pytest.mark.parametrize("manifest", list(yaml.safe_load_all(OF_THE_README)), ids=lambda each: each["metadata"]["name"])
def test_those_of_the_readme_apply_unchanged(admin: Admin, namespace: str, manifest: Object) -> None:
    manifest["metadata"]["namespace"] = namespace
    assert admin.apply(manifest)["spec"] == manifest["spec"]


@pytest.mark.parametrize(
    "listeners",
    [
        pytest.param([udp(**EVERYTHING), tcp(**EVERYTHING)], id="every field, and one port for both protocols"),
        pytest.param([udp() | {"tcp": {"port": 0}}, udp("b", port=1) | {"tcp": {"port": 0}}], id="what l7mp left"),
        pytest.param([udp("a", address="10.0.0.1"), udp("b", address="10.0.0.2")], id="a port at two addresses"),
        pytest.param([udp(), udp("b", port=1)], id="two listeners with one cluster"),
        pytest.param([udp(cluster=to(endpoint(), endpoint()))], id="endpoints of one name"),
        pytest.param([udp(cluster=to(endpoint({"address": "media.shop.svc"})))], id="a name in DNS"),
    ],
)
def test_they_stay_as_they_were_written(admin: Admin, namespace: str, listeners: list[Object]) -> None:
    """Nothing is lost, and no default is put in."""
    made = pipes(namespace, *listeners)
    assert admin.create(made)["spec"] == made["spec"]


def test_there_may_be_hundreds_of_listeners(admin: Admin, namespace: str) -> None:
    """The rules stay below what the API server lets them cost."""
    cluster = to(*(endpoint({"address": f"10.0.0.{each}"}) for each in range(4)), service_discovery="eds")
    many = [udp(f"rtp-{each}", cluster, port=1 + each) for each in range(LONGEST)]
    admin.create(pipes(namespace, *many))
    with pytest.raises(Refused, match=f"must have at most {LONGEST} items"):
        admin.create(pipes(namespace, *many, udp(port=1 + LONGEST), name="too-many"))


# ----------------------------------------------------------------------------------------------------- what is refused

PORT_0 = "port in body should be greater than or equal to 1"
TOO_HIGH = "port in body should be less than or equal to 65535"
ONE_OF_BOTH = r"spec\.listeners\[0\]: Invalid value: .*write exactly one of udp and tcp"
ONE_HOST = r"endpoints\[0\]\.host: Invalid value: .*write exactly one of selector and address"
SAME_PORT = "two listeners have the same {} port: give each a port of its own, or an address of its own"
NO_NAME = "with service_discovery eds a host has a selector or an IP address; for a DNS name write strictdns"
AN_ADDRESS = "Envoy listens at an IP address: write one, such as 0.0.0.0 or ::"
TCP_NEEDS = "tcp needs a cluster, and a port from 1 to 65535"


@pytest.mark.parametrize(
    ("words", "listeners"),
    [
        # What l7mp took.
        ("interval in body should be greater than or equal to 100", [checked(interval=99)]),
        ("hash_key in body should be at least 1 chars long", [udp(cluster=to(endpoint(), hash_key=""))]),
        (r"udp\." + PORT_0, [udp(port=0)]),
        (r"udp\." + TOO_HIGH, [udp(port=65536)]),
        (r"endpoints\[0\]\." + PORT_0, [udp(cluster=to(endpoint(port=0)))]),
        (r"endpoints\[1\]\." + TOO_HIGH, [udp(cluster=to(endpoint(), endpoint(port=65536)))]),
        ("health_check_" + PORT_0, [udp(cluster=to(endpoint(health_check_port=0)))]),
        ("health_check_" + TOO_HIGH, [udp(cluster=to(endpoint(health_check_port=65536)))]),
        (ONE_OF_BOTH, [{"name": "neither"}]),
        (ONE_OF_BOTH, [udp() | tcp()]),
        (ONE_OF_BOTH, [{"name": "what is left of a listener for TCP", "tcp": {"port": 0}}]),
        (TCP_NEEDS, [{"name": "l7mp had no more", "tcp": {"port": 2000}}]),
        (TCP_NEEDS, [tcp(port=0)]),
        (r"tcp\." + TOO_HIGH, [tcp(port=65536)]),
        (ONE_HOST, [udp(cluster=to(endpoint({})))]),
        (ONE_HOST, [udp(cluster=to(endpoint({"selector": {"app": "worker"}, "address": "10.0.0.1"})))]),
        (r"endpoints\[0\]\.host: Required value", [udp(cluster=to(without(endpoint(), "host")))]),
        ("selector in body should have at least 1 properties", [udp(cluster=to(endpoint({"selector": {}})))]),
        ("address in body should be at least 1 chars long", [udp(cluster=to(endpoint({"address": ""})))]),
        ("endpoints in body should have at least 1 items", [udp(cluster=to())]),
        (NO_NAME, [udp(cluster=to(endpoint({"address": "media.shop.svc"}), service_discovery="eds"))]),
        ("mean something to Envoys", [udp(cluster=to(endpoint(), name="xds_cluster"))]),
        (r'spec\.listeners\[1\]: Duplicate value: .*"name":"rtp-l"', [udp(), udp(port=1)]),
        (SAME_PORT.format("udp"), [udp("a"), udp("b", address="0.0.0.0")]),
        (r"listeners\[0\]\.name in body should be at least 1 chars long", [udp("")]),
        (r"cluster\.name in body should be at least 1 chars long", [udp(cluster=to(endpoint(), name=""))]),
        # What is new.
        (SAME_PORT.format("tcp"), [tcp("a"), tcp("b")]),
        (AN_ADDRESS, [udp(address="localhost")]),
        (AN_ADDRESS, [tcp(address="")]),
        ("write protocol HTTP, or leave path out", [checked(path="/healthcheck")]),
        ("a path begins with a slash, such as /healthcheck", [checked(protocol="HTTP", path="healthcheck")]),
        ("timeout in body should be greater than or equal to 1", [checked(timeout=0)]),
        ("healthy_threshold in body should be greater than or equal to 1", [checked(healthy_threshold=0)]),
        ("unhealthy_threshold in body should be greater than or equal to 1", [checked(unhealthy_threshold=0)]),
        ("less than or equal to 5000011", [udp(cluster=to(endpoint(), maglev_table_size=5000077))]),
        ("connect_timeout in body should be greater than", [udp(cluster=to(endpoint(), connect_timeout=0))]),
        ("idle_timeout in body should be greater than or equal to 1", [udp(idle_timeout=0)]),
        ("idle_timeout in body must be of type integer", [udp(idle_timeout="5s")]),
        # What l7mp refused, too.
        ('supported values: "TCP", "HTTP"', [checked(protocol="UDP")]),
        ('supported values: "strictdns", "eds"', [udp(cluster=to(endpoint(), service_discovery="dns"))]),
        (r"cluster\.hash_key: Required value", [without(udp(), "udp", "cluster", "hash_key")]),
        (r"udp\.cluster: Required value", [without(udp(), "udp", "cluster")]),
        (r"udp\.port: Required value", [without(udp(), "udp", "port")]),
        (r"health_check\.protocol: Required value", [without(checked(), "udp", "cluster", "health_check", "protocol")]),
        # What Kubernetes itself refuses from who asks it to be strict, as kubectl does.
        (r'unknown field "spec\.listeners\[0\]\.udp\.cluster\.hashKey"', [udp(cluster=to(endpoint(), hashKey="a"))]),
    ],
)
def test_what_cannot_be_is_refused(admin: Admin, namespace: str, words: str, listeners: list[Object]) -> None:
    with pytest.raises(Refused, match=words) as refusal:
        admin.create(pipes(namespace, *listeners))
    # For no other reason, and a rule that fails says so in no other words than ours.
    assert "evaluat" not in str(refusal.value)


@pytest.mark.parametrize(
    ("words", "spec"),
    [
        ("spec: Required value", None),
        (r"spec\.selector: Required value", {"listeners": []}),
        (r"spec\.selector in body should have at least 1 properties", {"selector": {}, "listeners": []}),
        (r"spec\.selector\.app in body must be of type string", {"selector": {"app": 1}}),
    ],
)
def test_it_has_to_say_for_whom_it_is(admin: Admin, namespace: str, words: str, spec: Object | None) -> None:
    body = {} if spec is None else {"spec": spec}
    with pytest.raises(Refused, match=words):
        admin.create({**reference(KIND.api_version, KIND.kind, "odd", namespace), **body})


def test_fields_that_nobody_knows_are_dropped_where_nobody_is_strict(admin: Admin, namespace: str) -> None:
    """As with l7mp."""
    body = pipes(namespace, udp(weight=5))
    made = admin._ask("POST", KIND.path(namespace=namespace), params={"fieldValidation": "Warn"}, json=body)
    assert made["spec"] == pipes(namespace, udp())["spec"]


# ---------------------------------------------------------------------------------------------------- coming from l7mp


def crd_of_l7mp() -> Object:
    """Return a definition that takes what that of a cluster with l7mp does, and more."""
    schema: Object = {"type": "object", "properties": {"spec": {"type": "object"}, "status": {"type": "object"}}}
    schema["properties"]["spec"]["x-kubernetes-preserve-unknown-fields"] = True
    version = {"name": KIND.version, "served": True, "storage": True, "subresources": {"status": {}}}
    names = {"kind": KIND.kind, "listKind": "VirtualServiceList", "plural": KIND.plural, "singular": "virtualservice"}
    spec = {"group": KIND.group, "scope": "Namespaced", "names": names}
    return reference(CRD["apiVersion"], CRD["kind"], CRD["metadata"]["name"]) | {
        "spec": spec | {"versions": [version | {"schema": {"openAPIV3Schema": schema}}]}
    }


def test_what_stands_there_stays_and_can_be_taken_away(binaries: Binaries, tmp_path: Path) -> None:
    """Also what would be refused now: the API server leaves a field alone that nobody changes.

    Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting
    (from 1.30 on)
    """
    with ApiServer(tmp_path, binaries=binaries) as server, Admin(server) as admin:
        admin.create(crd_of_l7mp())
        admin.wait_crd(CRD["metadata"]["name"])
        written = [
            pipes("default", udp() | {"tcp": {"port": 0}}, name="written-back"),
            pipes("default", udp(cluster=to(hash_key="")), name="never-worked"),
            pipes("default", udp() | tcp(), udp("b"), udp("c", cluster=to(endpoint({}))), name="breaks-rules"),
        ]
        before = [admin.create(each) for each in written]
        admin.apply(CRD)
        for each in before:
            assert admin.get(each)["spec"] == each["spec"]
        _wait_for_rules(admin)

        for each in written:
            name = reference(KIND.api_version, KIND.kind, each["metadata"]["name"], "default")
            told = admin.patch_status(name | {"status": {"programmed": "1/1"}})
            assert (told["spec"], told["status"]) == (each["spec"], {"programmed": "1/1"})
            metadata = name["metadata"]
            admin.patch(name | {"metadata": metadata | {"finalizers": [FINALIZER]}})
            admin.delete(name)
            assert admin.get(name)["metadata"]["deletionTimestamp"]
            admin.patch(name | {"metadata": metadata | {"finalizers": None}})
            with pytest.raises(Refused, match="not found"):
                admin.get(name)


def _wait_for_rules(admin: Admin) -> None:
    """Wait until the API server goes by the new definition, which it does some moments after it took it."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            admin.delete(admin.create(pipes("default", {"name": "neither"}, name="probe")))
        except Refused as refusal:
            if "write exactly one" in str(refusal):
                return
            raise
    raise TimeoutError("the API server goes by the old definition")
