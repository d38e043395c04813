"""What deploy/ ships, on a real API server: it is accepted as it stands, and it grants what is needed and no more."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from legation import settings
from legation.cli.serve import serve
from legation.translate.pipeline import API_KINDS
from tests.cluster.admin import Admin, Refused, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.chart import CHART, apply_all, of_kind, rendered, the, token_of
from tools import manifest

ROOT = Path(__file__).parents[2]
CRD = "CustomResourceDefinition"
BOOTES = ("clusters", "endpoints", "listeners", "routes")
READ = {"list", "watch"}
HOOK = "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"
INJECTOR = "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"
EVERYTHING = (
    'selector="team=edge,stage!=test"',
    "replicas=3",
    "xdsPort=5000",
    'image={"tag":"","digest":"sha256:' + 64 * "0" + '"}',
    'imagePullSecrets=[{"name":"registry"}]',
    "metrics.service=true",
    "metrics.annotations=true",
    'priorityClassName="system-cluster-critical"',
    'extraArgs=["--csds=on"]',
    'extraEnv=[{"name":"LEGATION_DRAIN_GRACE","value":"5m"}]',
    'serviceAccount.annotations={"a":"b"}',
    'service.annotations={"a":"b"}',
    'podLabels={"team":"edge"}',
    'podAnnotations={"a":"b"}',
    'nodeSelector={"kubernetes.io/os":"linux"}',
    'tolerations=[{"key":"edge","operator":"Exists"}]',
    'affinity={"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"a"}]}}',
    'networkPolicy.xdsFrom=[{"ipBlock":{"cidr":"10.0.0.0/8"}}]',
    'podDisruptionBudget.maxUnavailable="50%"',
    "webhook.enabled=true",
    "injector.enabled=true",
    'injector.defaults={"memory-limit":"512Mi","concurrency":4}',
    "dryRun.enabled=true",
    "management.enabled=true",
    'tls={"minVersion":"1.3","configMap":"trusted","plainPort":5001}',
    'identity.tokens={"audience":"edge","check":"jwks"}',
    'identity.clientAuthority.secretName="envoys"',
    'identity.rules=[{"uri":"spiffe://company/{node_id}","nodes":"{node_id}"}]',
    "secrets.enabled=true",
)
BEFORE = ("tls=null", "identity=null", 'secrets={"enabled":false,"namespaces":[]}')
"""The values of a release that knew nothing of TLS, used again."""


@pytest.fixture(autouse=True)
def unasked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take away what the API server would ask of a webhook that nobody has started, before the next test writes."""
    yield
    if "admin" in request.fixturenames:
        admin: Admin = request.getfixturevalue("admin")
        for kind in (HOOK, INJECTOR):
            for each in admin.list(*kind):
                admin.delete(reference(*kind, each["metadata"]["name"]))


@pytest.fixture
def other(admin: Admin, namespace: str) -> str:
    """A second namespace."""
    admin.namespace(f"{namespace}-other")
    return f"{namespace}-other"


@pytest.fixture
def deployed(helm: Path, admin: Admin, api_server: ApiServer, request: pytest.FixtureRequest) -> Iterator[Admin]:
    """The user that the Pods are: of the chart with the values that a test names, in a namespace of their own."""
    home = f"{request.getfixturevalue('namespace')}-home"
    admin.namespace(home)
    values = [each.replace("{here}", request.getfixturevalue("namespace")) for each in getattr(request, "param", ())]
    apply_all(admin, rendered(helm, home, *values))
    with Admin(api_server, token_of(admin, home)) as user:
        yield user


def test_the_chart_passes_lint(helm: Path) -> None:
    subprocess.run([helm, "lint", "--strict", CHART], check=True, capture_output=True)


@pytest.mark.parametrize(
    "values", [(), EVERYTHING, BEFORE, ("replicas=1", "status=false", "networkPolicy.enabled=false")]
)
def test_the_chart_is_accepted(helm: Path, admin: Admin, namespace: str, values: tuple[str, ...]) -> None:
    objects = rendered(helm, namespace, *values)
    apply_all(admin, objects)
    assert [each for each in objects if each["metadata"].get("namespace", namespace) != namespace] == []


def test_names_that_look_like_numbers_are_text(helm: Path) -> None:
    """A namespace may be called 1e3, and a release 007."""
    values = ("webhook.enabled=true", "injector.enabled=true", 'fullnameOverride="007"', 'namespaces=["1e3","12"]')

    names = {"name", "namespace", "resourceNames", "values", "serviceAccountName", "app.kubernetes.io/name"}

    def wrong(value: object, name: str = "") -> Iterator[tuple[str, object]]:
        if isinstance(value, dict):
            for key, each in value.items():
                yield from wrong(each, key)
        elif isinstance(value, list):
            for each in value:
                yield from wrong(each, name)
        elif name in names and not isinstance(value, str):
            yield name, value

    own = [each for each in rendered(helm, "1e3", *values, release="007") if each["kind"] != CRD]
    assert list(wrong(own)) == []


def test_the_plain_manifest_is_that_of_the_chart(helm: Path) -> None:
    """`make manifest` brings it up to date."""
    assert manifest.manifest(helm) == {manifest.MANIFEST: manifest.MANIFEST.read_text()}


def test_the_plain_manifest_is_accepted(admin: Admin) -> None:
    objects = list(yaml.safe_load_all(manifest.MANIFEST.read_text()))
    apply_all(admin, objects)
    assert len(of_kind(objects, CRD)) == 7
    assert "helm" not in manifest.MANIFEST.read_text().lower()


def test_the_example_is_accepted(helm: Path, admin: Admin) -> None:
    apply_all(admin, of_kind(rendered(helm, "default"), CRD))
    apply_all(admin, list(yaml.safe_load_all((ROOT / "deploy/examples/envoy.yaml").read_text())))


@pytest.mark.parametrize("file", ["legation.yaml", "examples/envoy.yaml"])
def test_its_pods_may_run_where_the_rules_are_strictest(admin: Admin, namespace: str, file: str) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/: the API server refuses others."""
    strict = f"{namespace}-strict"
    admin.namespace(strict, **{"pod-security.kubernetes.io/enforce": "restricted"})
    deployments = of_kind(list(yaml.safe_load_all((ROOT / "deploy" / file).read_text())), "Deployment")
    assert deployments
    for each in deployments:
        # Which every Pod has, by an admission plugin of the API server that is off here.
        spec = {"serviceAccountName": "default"} | each["spec"]["template"]["spec"]
        admin.create({**reference("v1", "Pod", each["metadata"]["name"], strict), "spec": spec})


@pytest.mark.parametrize(
    "values",
    [
        (),
        EVERYTHING,
        ('namespaces=["shop","edge"]', "secrets.enabled=true", 'secrets.namespaces=["shop"]', "status=false"),
        ("webhook.enabled=true", "webhook.port=10250", 'webhook.unchecked="refuse"', 'webhook.timeLimit="1s"'),
        ("webhook.enabled=true", "webhook.certManager.enabled=true"),
        ("injector.enabled=true", 'injector.xds="legation.example:5000"', 'injector.image="a/envoy:1"'),
        ("injector.enabled=true", "webhook.certManager.enabled=true"),
        ("dryRun.enabled=true", 'dryRun.timeout="1m"'),
        BEFORE,
        ("tls.enabled=false", "injector.enabled=true"),
        ("tls.certManager.enabled=true", 'identity.check="report"'),
        ('tls.secretName="given"', "identity.tokens.enabled=false", 'identity.clientAuthority.secretName="envoys"'),
        ('peerCheck="none"', 'crossNamespace="allow"', 'lease="writer"', 'maxConnectionAge=""', 'podWait="1m"'),
    ],
)
def test_its_arguments_are_settings(helm: Path, values: tuple[str, ...]) -> None:
    (container,) = the(rendered(helm, "default", *values), "Deployment")["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    command, *flags = container["args"]
    found = settings.load(settings.SERVE, flags=serve.make_context(command, flags).params, environ=environment)
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    some = {
        "webhook": found.webhook.webhook_port,
        "xds-token": found.tls.xds_token_port,
        "xds-plain": found.tls.xds_plain_port,
    }
    always = {"xds": found.xds_port, "health": found.health_port, "replicas": found.cluster.replica_port}
    assert ports == always | {name: port for name, port in some.items() if port is not None}
    assert found.cluster.kubernetes
    assert found.state_dir == Path(container["volumeMounts"][0]["mountPath"])


def test_a_pod_has_time_to_end(helm: Path) -> None:
    spec = the(rendered(helm, "a", "shutdownGraceSeconds=60", "preStopSleepSeconds=20"), "Deployment")["spec"][
        "template"
    ]
    container = spec["spec"]["containers"][0]
    assert container["lifecycle"] == {"preStop": {"sleep": {"seconds": 20}}}
    assert spec["spec"]["terminationGracePeriodSeconds"] > 60 + 20


def test_a_judge_has_a_folder_that_it_can_write_to(helm: Path) -> None:
    """Its files are below /tmp, and the root file system is read-only."""
    spec = the(rendered(helm, "a", "dryRun.enabled=true", 'dryRun.sizeLimit="1Gi"'), "Deployment")["spec"]["template"]
    container = spec["spec"]["containers"][0]
    assert {"--dry-run=envoy", "--dry-run-timeout=10s"} <= set(container["args"])
    assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
    assert {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}} in spec["spec"]["volumes"]


def test_without_a_judge_nothing_is_made_for_it(helm: Path) -> None:
    spec = the(rendered(helm, "a"), "Deployment")["spec"]["template"]["spec"]
    assert not [each for each in spec["containers"][0]["args"] if each.startswith("--dry-run")]
    assert [each["name"] for each in spec["volumes"]] == ["state"]


@pytest.mark.parametrize("values", [(["--kube-version", "1.29.4"]), (["--set", "preStopSleepSeconds=0"])])
def test_where_there_is_no_sleep_there_is_no_hook(helm: Path, values: list[str]) -> None:
    command: list[str | Path] = [helm, "template", "legation", CHART, *values]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (deployment,) = of_kind(list(yaml.safe_load_all(text)), "Deployment")
    assert "lifecycle" not in deployment["spec"]["template"]["spec"]["containers"][0]
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 20


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("replica=2", "additional properties 'replica' not allowed"),
        ("replicas=0", "/replicas"),
        ('secrets.enabled="maybe"', "/secrets/enabled"),
        ('tls.minVersion="1.1"', "/tls/minVersion"),
        ('identity.check="maybe"', "/identity/check"),
        ('identity.tokens.audience="two words"', "/identity/tokens/audience"),
        ("tls.plain=1", "additional properties 'plain' not allowed"),
        ('namespaces=["A_B"]', "/namespaces/0"),
        ('podWait="soon"', "/podWait"),
        ('peerCheck="maybe"', "/peerCheck"),
        ('dryRun="envoy"', "/dryRun"),
        ('dryRun.timeout="soon"', "/dryRun/timeout"),
        ('webhook.failurePolicy="Maybe"', "/webhook/failurePolicy"),
        ("serviceAccount.create=false", "serviceAccount.name: say which ServiceAccount to use"),
        ('topologySpreadConstraints=[{"topologyKey":"a"}]', "/topologySpreadConstraints/0"),
    ],
)
def test_values_that_do_not_fit_are_refused(helm: Path, value: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        rendered(helm, "default", value)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (("tls.enabled=false", "secrets.enabled=true"), "private keys would travel in the clear"),
        (("tls.certManager.enabled=true", 'tls.secretName="a"'), "the certificate comes from one of them"),
        (("identity.tokens.enabled=false", 'identity.rules=[{"uri":"a"}]'), "nobody could prove anything"),
    ],
)
def test_values_that_do_not_go_together_are_refused(helm: Path, values: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rendered(helm, "default", *values)


# ------------------------------------------------------------------------------------------------------------- rights


Rules = dict[tuple[str, str, tuple[str, ...]], set[str]]
"""Verbs by group, resource and names of objects; no names are all of them."""


def rules_of(user: Admin, namespace: str) -> Rules:
    """Return what a user may do in a namespace, without what everybody may do."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    answer = user._ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", json=review)["status"]
    assert not answer["incomplete"]
    found: Rules = {}
    for rule in answer["resourceRules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault((group, resource, tuple(rule.get("resourceNames", ()))), set()).update(rule["verbs"])
    everybody = {"authorization.k8s.io", "authentication.k8s.io"}
    return {key: verbs for key, verbs in found.items() if key[0] not in everybody}


def wanted(*, status: bool = True, tls: bool = True, secrets: bool = True) -> Rules:
    """Return what it needs where it reads."""
    own = READ | {"get"} if status else READ
    found: Rules = {
        ("", "configmaps", ()): READ,
        ("", "pods", ()): READ,
        ("", "services", ()): READ,
        ("discovery.k8s.io", "endpointslices", ()): READ,
        ("gateway.networking.k8s.io", "referencegrants", ()): READ,
        ("split.smi-spec.io", "trafficsplits", ()): READ,
        ("specs.smi-spec.io", "httproutegroups", ()): READ,
        ("legation.dev", "envoyresources", ()): own,
        ("legation.dev", "upstreams", ()): own,
        ("servicemesh.l7mp.io", "virtualservices", ()): own,
        **{("bootes.io", plural, ()): own for plural in BOOTES},
    }
    if status:
        found |= {("bootes.io", f"{plural}/status", ()): {"patch"} for plural in BOOTES}
        found[("legation.dev", "envoyresources/status", ())] = {"patch"}
        found[("legation.dev", "upstreams/status", ())] = {"patch"}
        found[("servicemesh.l7mp.io", "virtualservices/status", ())] = {"patch"}
        # To take its finalizer off.
        found[("servicemesh.l7mp.io", "virtualservices", ())] = own | {"patch"}
        found[("events.k8s.io", "events", ())] = {"create"}
    if tls:
        found["", "configmaps", ()] = READ | {"create"}
        found["", "configmaps", ("legation-ca",)] = {"get", "patch"}
    if secrets:
        found |= SECRETS
    return found


LEASE: Rules = {
    ("coordination.k8s.io", "leases", ()): {"create"},
    ("coordination.k8s.io", "leases", ("legation",)): {"get", "patch"},
}
OWN: Rules = LEASE | {("", "secrets", ("legation-tls",)): {"get", "watch", "patch"}}
SLICES: Rules = {("discovery.k8s.io", "endpointslices", ()): READ}


def may_review(user: Admin) -> bool:
    """Say whether a user may ask whose token one is."""
    asked = {"group": "authentication.k8s.io", "resource": "tokenreviews", "verb": "create"}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    answer = user._ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=review)
    return bool(answer["status"]["allowed"])


def test_by_default_it_may_read_all_namespaces_and_ask_whose_token_it_is(deployed: Admin, namespace: str) -> None:
    assert rules_of(deployed, namespace) == wanted()
    assert rules_of(deployed, f"{namespace}-home") == wanted() | OWN
    assert isinstance(deployed.list("v1", "Pod"), list)
    assert may_review(deployed)
    home = f"{namespace}-home"
    own = reference("v1", "Secret", "legation-tls", home)
    deployed.patch(own | {"stringData": {"a": "b"}})
    for denied in (
        reference("v1", "Secret", "other", home),
        reference("v1", "ConfigMap", "other", namespace),
    ):
        with pytest.raises(Refused, match="cannot patch"):
            deployed.patch(denied | {"data": {}})
    with pytest.raises(Refused, match='cannot create resource "secrets"'):
        deployed.create(reference("v1", "Secret", "other", home))


@pytest.mark.parametrize("deployed", [("tls.enabled=false",), BEFORE], indirect=True)
def test_without_tls_it_may_do_what_it_might_before(deployed: Admin, namespace: str) -> None:
    assert rules_of(deployed, f"{namespace}-home") == wanted(tls=False, secrets=False) | LEASE
    assert not may_review(deployed)
    with pytest.raises(Refused, match='cannot list resource "secrets"'):
        deployed.list("v1", "Secret", f"{namespace}-home")


@pytest.mark.parametrize(
    "deployed", [('identity.check="report"',), ("tls.plainPort=5000",), ("secrets.enabled=false",)], indirect=True
)
def test_while_identities_are_not_enforced_it_reads_no_secret(deployed: Admin, namespace: str) -> None:
    assert rules_of(deployed, namespace) == wanted(secrets=False)


@pytest.mark.parametrize(
    ("values", "trust"),
    [
        (("tls.certManager.enabled=true",), "legation-server-tls"),
        (('tls.secretName="given"',), "given"),
    ],
)
def test_with_a_certificate_of_others_it_writes_no_secret(helm: Path, values: tuple[str, ...], trust: str) -> None:
    objects = rendered(helm, "a", *values)
    assert of_kind(objects, "Secret") == []
    assert "legation-tls" not in str(of_kind(objects, "Role"))
    volumes = the(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert {"name": "tls", "secret": {"secretName": trust}} in volumes


def test_whose_certificates_prove_something_is_read_without_the_key_beside_it(helm: Path) -> None:
    objects = rendered(helm, "a", 'identity.clientAuthority.secretName="envoys"', "injector.enabled=true")
    spec = the(objects, "Deployment")["spec"]["template"]["spec"]
    (volume,) = (each for each in spec["volumes"] if each["name"] == "clients")
    assert volume["secret"] == {"secretName": "envoys", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    assert "--injector-xds=legation.a.svc:18004" in spec["containers"][0]["args"]
    (headless, _) = of_kind(objects, "Service")
    assert {each["name"]: each["port"] for each in headless["spec"]["ports"]}["xds-token"] == 18004
    let_in = the(objects, "NetworkPolicy")["spec"]["ingress"][0]["ports"]
    assert let_in == [{"port": 18000}, {"port": 18004}]


@pytest.mark.parametrize("deployed", [('namespaces=["{here}"]',)], indirect=True)
def test_with_namespaces_it_may_read_those_alone(deployed: Admin, namespace: str, other: str) -> None:
    assert rules_of(deployed, namespace) == wanted()
    assert rules_of(deployed, f"{namespace}-home") == OWN | SLICES
    assert rules_of(deployed, other) == {}
    assert may_review(deployed)
    with pytest.raises(Refused, match="at the cluster scope"):
        deployed.list("v1", "Pod")


@pytest.mark.parametrize("deployed", [('secrets.namespaces=["{here}"]',)], indirect=True)
def test_secrets_are_read_in_their_namespaces_alone(deployed: Admin, namespace: str, other: str) -> None:
    assert rules_of(deployed, namespace) == wanted()
    assert rules_of(deployed, other) == wanted(secrets=False)
    assert deployed.list("v1", "Secret", namespace) == []


@pytest.mark.parametrize("deployed", [("status=false", "tls.enabled=false")], indirect=True)
def test_without_status_it_may_write_nothing(deployed: Admin, namespace: str) -> None:
    assert rules_of(deployed, f"{namespace}-home") == wanted(status=False, tls=False, secrets=False)


@pytest.mark.parametrize("deployed", [("management.enabled=true",)], indirect=True)
def test_with_the_management_api_it_may_write_what_it_reads_but_config_maps(deployed: Admin, namespace: str) -> None:
    kinds = {(each.group, each.plural, ()) for each in API_KINDS if (each.group, each.plural) != ("", "configmaps")}
    written = {"get", "create", "patch", "delete"}
    rules = {key: verbs | (written if key in kinds else set()) for key, verbs in wanted().items()}
    rules["", "configmaps", ()] = READ | {"create", "get"}
    assert kinds <= set(rules)
    assert rules_of(deployed, namespace) == rules


SECRETS: Rules = {("", "secrets", ()): READ}
CERTIFICATE: Rules = {("", "secrets", ("legation-webhook",)): {"get", "watch", "patch"}}


@pytest.mark.parametrize(
    "deployed", [("webhook.enabled=true",), ("webhook.enabled=true", "status=false")], indirect=True
)
def test_with_the_webhook_it_may_write_its_certificate_alone(deployed: Admin, namespace: str) -> None:
    home = f"{namespace}-home"
    assert rules_of(deployed, home).items() >= (OWN | CERTIFICATE).items()
    own = reference(*HOOK, f"legation.{home}")
    deployed.patch(own | {"metadata": {"name": own["metadata"]["name"], "annotations": {"a": "b"}}})
    for denied in (
        reference(*HOOK, "other"),
        reference(*INJECTOR, own["metadata"]["name"]),
        reference("v1", "Secret", "other", home),
    ):
        with pytest.raises(Refused, match="cannot patch"):
            deployed.patch(denied)
    with pytest.raises(Refused, match='cannot create resource "secrets"'):
        deployed.create(reference("v1", "Secret", "other", home))


@pytest.mark.parametrize("deployed", [("injector.enabled=true", "status=false")], indirect=True)
def test_with_the_injector_alone_it_may_write_no_other_configuration(deployed: Admin, namespace: str) -> None:
    home = f"{namespace}-home"
    assert rules_of(deployed, home).items() >= (OWN | CERTIFICATE).items()
    own = reference(*INJECTOR, f"legation.{home}")
    deployed.patch(own | {"metadata": {"name": own["metadata"]["name"], "annotations": {"a": "b"}}})
    for denied in (reference(*HOOK, own["metadata"]["name"]), reference(*INJECTOR, "other")):
        with pytest.raises(Refused, match="cannot patch"):
            deployed.patch(denied)


def test_the_injector_asks_about_each_pod_once_and_never_about_its_own(helm: Path) -> None:
    objects = rendered(helm, "a", "injector.enabled=true", 'namespaces=["shop"]')
    assert of_kind(objects, HOOK[1]) == []
    of_namespaces, of_pods = the(objects, INJECTOR[1])["webhooks"]
    for each in (of_namespaces, of_pods):
        told = (each["sideEffects"], each["failurePolicy"], each["timeoutSeconds"], each["reinvocationPolicy"])
        assert told == ("None", "Ignore", 5, "IfNeeded")
        left_out, read, *_ = each["namespaceSelector"]["matchExpressions"]
        assert (left_out["operator"], left_out["values"]) == ("NotIn", ["kube-system", "a"])
        assert (read["operator"], read["values"]) == ("In", ["shop"])
        (rule,) = each["rules"]
        assert (rule["resources"], rule["operations"]) == (["pods"], ["CREATE"])
    asked = [each["objectSelector"]["matchExpressions"] for each in (of_namespaces, of_pods)]
    assert [[one["operator"] for one in each] for each in asked] == [["DoesNotExist"], ["Exists", "NotIn"]]
    assert asked[1][1]["values"] == ["disabled"]


def test_a_cluster_that_cannot_run_sidecars_is_told_so(helm: Path) -> None:
    command = [
        str(helm),
        "template",
        "legation",
        str(CHART),
        "--set",
        "injector.enabled=true",
        "--kube-version",
        "1.28.0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "takes Kubernetes 1.29" in done.stderr


def test_a_certificate_of_cert_manager_takes_the_rights_for_a_path_and_an_authority_if_none_is_named(
    helm: Path,
) -> None:
    values = ("webhook.enabled=true", "webhook.certManager.enabled=true")
    own = rendered(helm, "a", *values)
    named = rendered(helm, "a", *values, 'webhook.certManager.issuerRef={"kind":"ClusterIssuer","name":"company"}')
    issuers = {each["metadata"]["name"] for each in of_kind(own, "Issuer")}
    assert issuers == {"legation-webhook", "legation-webhook-authority"}
    assert of_kind(named, "Issuer") == []
    assert the(named, "Certificate")["spec"]["issuerRef"] == {"kind": "ClusterIssuer", "name": "company"}
    for objects in (own, named):
        names = {each["metadata"]["name"] for each in of_kind(objects, "Secret")}
        assert names == {"legation-tls", "legation-webhook"}
        assert "validatingwebhookconfigurations" in str(of_kind(objects, "ClusterRole"))
        assert "--webhook-secret=legation-webhook" in str(the(objects, "Deployment"))
    # Of the injector's nothing is written then.
    injector = rendered(helm, "a", "injector.enabled=true", "webhook.certManager.enabled=true", "tls.enabled=false")
    assert of_kind(injector, "Secret") == []
    assert "admissionregistration" not in str(of_kind(injector, "ClusterRole"))


def test_the_chart_leaves_the_path_of_the_webhook_to_the_pods(helm: Path) -> None:
    """Whoever applies it once more, on the server's side too, is not to fight about the field."""
    for each in the(rendered(helm, "a", "webhook.enabled=true"), HOOK[1])["webhooks"]:
        assert "path" not in each["clientConfig"]["service"]


def test_the_webhook_is_asked_for_every_kind_that_is_read(helm: Path) -> None:
    (hook, config_maps) = the(rendered(helm, "a", "webhook.enabled=true"), HOOK[1])["webhooks"]
    asked = {(group, each) for rule in hook["rules"] for group in rule["apiGroups"] for each in rule["resources"]}
    own = {("", each) for rule in config_maps["rules"] for each in rule["resources"]}
    assert asked | own == {(kind.group, kind.plural) for kind in API_KINDS}
    selector = ",".join(f"{key}={value}" for key, value in config_maps["objectSelector"]["matchLabels"].items())
    assert {kind.selector for kind in API_KINDS} == {"", selector}
    for each in (hook, config_maps):
        assert (each["sideEffects"], each["failurePolicy"], each["timeoutSeconds"]) == ("None", "Ignore", 2)
