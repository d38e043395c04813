"""The admission webhook at a real API server, asked as kubectl asks: create, apply, patch, delete."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.cluster import webhook
from tests.cluster.admin import Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.webhook import SERVICE, Hook, raw
from tests.unit.api.admission.reviews import review
from tests.unit.kube.certificates import Authority

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def hook(admin: Admin, api_server: ApiServer, helm: Path, namespace: str, tmp_path: Path) -> AsyncIterator[Hook]:
    """One that is installed and not started."""
    async with webhook.opened(admin, api_server, namespace, tmp_path) as made:
        made.install(helm)
        yield made


@pytest.fixture
async def asked(hook: Hook) -> Hook:
    """One that the API server asks."""
    await hook.start()
    await hook.trusted()
    await hook.asked()
    return hook


def good(namespace: str, name: str = "web", *, of: str = "") -> Object:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 80}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    assignment = {"cluster_name": name, "endpoints": endpoints}
    config = {"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": assignment}
    return raw(namespace, of or name, config)


def bad(namespace: str, name: str = "web") -> Object:
    return raw(namespace, name, {"connect_timeout": "soon", "conect": 1})


def files(namespace: str, **labels: str) -> Object:
    made = reference("v1", "ConfigMap", "files", namespace)
    made["metadata"]["labels"] = labels
    cluster = (
        '{"resources": [{"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "a", "nam": "a"}]}'
    )
    return made | {"data": {"cds.json": cluster}}


# What is checked


async def test_a_broken_object_is_refused_in_words_that_name_each_field(asked: Hook, admin: Admin) -> None:
    for write in (admin.create, admin.apply):
        with pytest.raises(Refused) as refused:
            write(bad(asked.namespace))
        assert (refused.value.status, refused.value.reason) == (422, "Invalid")
        assert "spec.config.connect_timeout" in str(refused.value)
        assert {field for field, _ in refused.value.causes} == {"spec.config.conect", "spec.config.connect_timeout"}
        assert "soon" not in str(refused.value)


async def test_a_good_object_passes_without_a_word_and_a_doubtful_one_with_a_warning(asked: Hook, admin: Admin) -> None:
    admin.create(good(asked.namespace))
    assert not admin.warnings
    hosts = [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "nobody"}}]}]
    admin.apply(raw(asked.namespace, "all", {"virtual_hosts": hosts}, "Route"))
    (warning,) = admin.warnings
    assert 'refers to the Cluster "nobody"' in warning


async def test_of_what_another_object_has_already_is_warned(asked: Hook, admin: Admin) -> None:
    """That one may be about to go: who renames an object creates it first."""
    admin.create(good(asked.namespace))

    async def warned() -> bool:
        """It is known as soon as the watch has told."""
        second = good(asked.namespace, "web", of="second")
        admin._ask("POST", admin._folder(second), params={"dryRun": "All"}, json=second)
        words = f'the Cluster "web" is that of Cluster {asked.namespace}/web, which came first'
        return any(words in each for each in admin.warnings)

    await asked.until(warned, "the first one known")


async def test_a_configmap_is_looked_at_when_it_has_the_label(asked: Hook, admin: Admin) -> None:
    admin.apply(files(asked.namespace))
    with pytest.raises(Refused) as refused:
        admin.apply(files(asked.namespace, **{"legation.dev/xds": "true"}))
    assert [field for field, _ in refused.value.causes] == ['data["cds.json"].resources[0].nam']


async def test_a_dry_run_is_answered_and_leaves_no_trace(asked: Hook, admin: Admin) -> None:
    made = good(asked.namespace)
    admin._ask("POST", admin._folder(made), params={"dryRun": "All"}, json=made)
    with pytest.raises(Refused, match="NotFound"):
        admin.get(made)
    assert asked.namespace not in await asked.problems()


# Who asks


async def test_the_api_server_asks_at_a_secret_path_which_is_put_back_and_stands_nowhere_else(
    asked: Hook, admin: Admin
) -> None:
    path = await asked.pointed()
    secret = path.removeprefix("/validate/")
    assert (
        base64.b64decode(admin.get(reference("v1", "Secret", SERVICE, asked.home))["data"]["path"]) == secret.encode()
    )
    found = admin.get(asked.configuration)["webhooks"]
    for each in found:
        each["clientConfig"]["service"]["path"] = "/validate"
    admin.patch({**asked.configuration, "webhooks": found})
    assert await asked.pointed() == path
    # Where the Secret is emptied there is another one, and the API server goes on being answered.
    admin.patch(reference("v1", "Secret", SERVICE, asked.home) | {"data": {"path": None}})
    other = await asked.pointed(other_than=path)
    await asked.asked()
    said = [*map(str, asked.lines()), await asked.problems()]
    for each in (secret, other.removeprefix("/validate/")):
        assert not [line for line in said if each in line]


async def test_a_stranger_learns_what_is_wrong_with_an_object_and_nothing_of_others(asked: Hook, admin: Admin) -> None:
    path = await asked.pointed()
    bundles = await asked.trusted()
    trusted = ssl.create_default_context(cadata=base64.b64decode(bundles[0]).decode())
    there, slip, broken = good(asked.namespace), good(asked.namespace, "web", of="second"), bad(asked.namespace)
    admin.create(there)
    url = f"https://localhost:{asked.port}"
    host = {"sni_hostname": f"{SERVICE}.{asked.home}.svc"}
    async with httpx2.AsyncClient(verify=trusted, base_url=url, trust_env=False) as client:

        async def told(value: Object, where: str) -> str:
            answer = await client.post(where, content=review(value), extensions=host)
            assert answer.status_code == 200
            return answer.text

        async def seen() -> bool:
            return "which came first" in await told(slip, path)

        await asked.until(seen, "the first one known")
        for where in ("/", "/validate", f"/validate/{'0' * 64}"):
            assert "warnings" not in await told(slip, where)
            assert "spec.config.connect_timeout" in await told(broken, where)


# What is let pass


async def test_what_is_wrong_already_can_be_labelled_let_go_and_deleted_but_not_changed(
    hook: Hook, admin: Admin
) -> None:
    broken = bad(hook.namespace)
    broken["metadata"]["finalizers"] = ["example.com/wait"]
    # Nobody answers yet.
    admin.create(broken)
    await hook.start()
    await hook.trusted()
    await hook.asked()
    name = reference("bootes.io/v1", "Cluster", "web", hook.namespace)
    admin.patch({**name, "metadata": {**name["metadata"], "labels": {"a": "b"}}})
    assert admin.warnings[0] == "it was so before"
    assert any("spec.config.connect_timeout" in each for each in admin.warnings)
    with pytest.raises(Refused, match=r"spec\.config\.connect_timeout"):
        admin.patch({**name, "spec": {"config": {"connect_timeout": "later"}}})
    admin.patch_status({**name, "status": {"conditions": []}})
    assert admin.warnings == ()
    admin.delete(name)
    admin.patch({**name, "metadata": {**name["metadata"], "finalizers": None}})
    with pytest.raises(Refused, match="NotFound"):
        admin.get(name)


async def test_while_nobody_answers_objects_are_stored(asked: Hook, admin: Admin) -> None:
    asked.stop()
    admin.create(bad(asked.namespace))
    assert admin.get(bad(asked.namespace))["spec"]["config"]["connect_timeout"] == "soon"


async def test_objects_of_other_namespaces_are_not_looked_at(asked: Hook, admin: Admin) -> None:
    admin.create(bad(asked.home))


@pytest.mark.parametrize(("choice", "stored"), [("pass", True), ("refuse", False)])
async def test_what_is_not_checked_in_time_is_passed_with_a_warning_or_refused(
    hook: Hook, admin: Admin, choice: str, *, stored: bool
) -> None:
    await hook.start("--webhook-time-limit", "0s", "--webhook-unchecked", choice)
    await hook.trusted()

    async def said() -> str:
        try:
            admin.apply(bad(hook.namespace))
        except Refused as refused:
            return str(refused)
        return " ".join(admin.warnings)

    words = await hook.until(said, "an answer")
    assert "could not check this object within 0 s" in words
    assert ("503" in words) is not stored


# Its certificate


async def test_its_own_certificate_is_kept_in_the_secret_and_trusted_by_nobody_else(asked: Hook, admin: Admin) -> None:
    secret = admin.get(reference("v1", "Secret", SERVICE, asked.home))
    assert set(secret["data"]) >= {"server.crt", "server.key", "trusted.crt"}
    assert await asked.trusted() == [secret["data"]["trusted.crt"]] * 2
    fields = {each["manager"]: each["fieldsV1"] for each in admin.get(asked.configuration)["metadata"]["managedFields"]}
    assert "f:rules" not in str(fields["legation-webhook"])
    assert "PRIVATE" not in (asked._folder / "legation.log").read_text()
    assert asked.home not in await asked.problems()


async def test_what_somebody_else_writes_over_it_is_mended(asked: Hook, admin: Admin, helm: Path) -> None:
    before = await asked.trusted()
    found = admin.get(asked.configuration)["webhooks"]
    other = base64.b64encode(Authority("other").pem).decode()
    for each in found:
        each["clientConfig"]["caBundle"] = other
    admin.patch({**asked.configuration, "webhooks": found})
    assert await asked.trusted(other_than=[other]) == before
    # As an upgrade of the chart does, which knows nothing of it.
    asked.install(helm)
    assert await asked.trusted() == before
    await asked.asked()


async def test_a_secret_that_is_emptied_is_made_anew_and_the_api_server_follows(asked: Hook, admin: Admin) -> None:
    before = await asked.trusted()
    admin.patch(reference("v1", "Secret", SERVICE, asked.home) | {"data": None})
    assert await asked.trusted(other_than=before) != before
    await asked.asked()


async def test_after_a_restart_the_same_certificate_is_shown(asked: Hook) -> None:
    before = await asked.trusted()
    asked.stop()
    await asked.start()
    await asked.asked()
    assert await asked.trusted() == before
