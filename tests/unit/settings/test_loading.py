"""Where settings come from, which of them wins, and what a user reads when one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from legation import settings
from legation.errors import SettingsError
from legation.model.resource_types import CLUSTER, SECRET


def load(
    tmp_path: Path, text: str = "", *, environ: dict[str, str] | None = None, **flags: object
) -> settings.Settings:
    """Load settings with a file of that text."""
    file = tmp_path / "legation.yaml"
    file.write_text(text, encoding="utf-8")
    return settings.load(settings.SERVE, flags={"config": str(file), **flags}, environ=environ or {})


def test_the_defaults_are_those_of_the_dataclasses() -> None:
    """Nothing given."""
    assert settings.load(settings.SERVE, flags={}, environ={}) == settings.Settings()


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    """The order of precedence, one setting for each step."""
    found = load(
        tmp_path,
        "xds_port: 1\nadmin_port: 1\nhealth_port: 1\n",
        environ={"LEGATION_XDS_PORT": "2", "LEGATION_ADMIN_PORT": "2"},
        xds_port="3",
    )
    assert (found.xds_port, found.admin_port, found.health_port, found.xds_bind) == (3, 2, 1, "localhost")


def test_a_flag_that_was_not_given_says_nothing() -> None:
    """The command line hands over None for each flag that is not there."""
    assert settings.load(settings.SERVE, flags={"xds_port": None}, environ={"LEGATION_XDS_PORT": "7"}).xds_port == 7


def test_the_delivery_settings_stand_in_a_section_of_the_file(tmp_path: Path) -> None:
    """Durations may have a unit, types are a list."""
    found = load(
        tmp_path,
        "delivery:\n  removal_grace: 250ms\n  drain_grace: 10m\n"
        "  warming_timeout: 7\n  hold_missing: [Cluster, Secret]\n",
    )
    assert found.delivery == settings.Delivery(
        removal_grace=0.25, drain_grace=600, warming_timeout=7, hold_missing=frozenset({CLUSTER, SECRET})
    )


def test_the_delivery_settings_are_plain_names_elsewhere() -> None:
    """A section is a matter of the file."""
    found = settings.load(
        settings.SERVE,
        flags={"hold_missing": "Cluster, Secret"},
        environ={"LEGATION_REMOVAL_GRACE": "1.5s", "LEGATION_DRAIN_GRACE": "1h"},
    )
    assert found.delivery == settings.Delivery(
        removal_grace=1.5, drain_grace=3600, hold_missing=frozenset({CLUSTER, SECRET})
    )


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    """LEGATION_CONFIG stands for --config."""
    file = tmp_path / "settings.yaml"
    file.write_text("directory: /etc/manifests\n", encoding="utf-8")
    assert settings.load(settings.SERVE, flags={}, environ={"LEGATION_CONFIG": str(file)}).directory == Path(
        "/etc/manifests"
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "\ufeffxds_port: 18000\n"])
def test_an_empty_file_and_a_byte_order_mark_are_fine(tmp_path: Path, text: str) -> None:
    """A file with nothing in it sets nothing."""
    assert load(tmp_path, text) == settings.Settings()


def test_an_unknown_key_is_told_with_its_line_and_the_nearest_known_one(tmp_path: Path) -> None:
    """A typing error in the file."""
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, "log_level: info\nxds_prot: 18000\n")
    assert caught.value.key == "xds_prot"
    assert str(caught.value) == (
        f"xds_prot: there is no such setting ({tmp_path}/legation.yaml:2); did you mean xds_port?"
    )


def test_an_unknown_key_in_a_section_is_told_with_the_section(tmp_path: Path) -> None:
    """The key is written as a path."""
    with pytest.raises(SettingsError, match=r"^delivery\.removal_gracee: .* did you mean delivery\.removal_grace\?$"):
        load(tmp_path, "delivery:\n  removal_gracee: 5\n")


def test_a_key_that_resembles_nothing_is_told_with_all_keys(tmp_path: Path) -> None:
    """There is no nearest one to name."""
    with pytest.raises(SettingsError, match="the settings are directory, xds_port, "):
        load(tmp_path, "zzz: 1\n")


def test_a_mistyped_variable_is_told_with_the_nearest_known_one() -> None:
    """A typing error in the environment."""
    with pytest.raises(SettingsError, match=r"^LEGATION_XDS_PROT: .* did you mean LEGATION_XDS_PORT\?$"):
        settings.load(settings.SERVE, flags={}, environ={"LEGATION_XDS_PROT": "18000"})


def test_a_variable_that_resembles_nothing_is_somebody_elses() -> None:
    """A program around us may have variables of its own."""
    assert settings.load(settings.SERVE, flags={}, environ={"LEGATION_MASCOT": "heron"}) == settings.Settings()


def test_the_variables_that_kubernetes_makes_of_services_are_passed_over() -> None:
    """A Service named legation-xds puts LEGATION_XDS_PORT=tcp://... into every Pod of its namespace."""
    environ = {
        "LEGATION_XDS_PORT": "tcp://10.0.0.1:18000",
        "LEGATION_XDS_PORT_18000_TCP": "tcp://10.0.0.1:18000",
        "LEGATION_XDS_PORT_18000_TCP_PORT": "18000",
        "LEGATION_XDS_SERVICE_HOST": "10.0.0.1",
        "LEGATION_XDS_SERVICE_PORT": "18000",
        "LEGATION_XDS_SERVICE_PORT_GRPC": "18000",
        "LEGATION_PORT": "tcp://10.0.0.2:18000",
    }
    assert settings.load(settings.SERVE, flags={}, environ=environ) == settings.Settings()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("xds_port", "http", "a port number from 0 to 65535"),
        ("xds_port", "65536", "a port number"),
        ("xds_port", "-1", "a port number"),
        ("xds_bind", "localhost:18000", "the port is a setting of its own"),
        ("xds_bind", "127.0.0.300", "a host name or an IP address"),
        ("health_bind", "", "a host name"),
        ("removal_grace", "soon", "a number of seconds or a duration such as 500ms"),
        ("removal_grace", "-1", "a number of seconds"),
        ("load_interval", "0.5", "a duration of 1s or more"),
        ("max_response_bytes", "0", "a number of bytes, 1 or more"),
        ("max_response_bytes", "4MB", "a number of bytes"),
        ("hold_missing", "Cluster,Klaster", "a list of types out of Cluster, "),
        ("log_level", "loud", "one of debug, info, warning, error"),
        ("log_format", "xml", "one of auto, console, json"),
        ("state_dir", "", "a path"),
        ("kubernetes", "true", "on or off"),
        ("namespaces", "", "a list of namespaces such as shop,edge"),
        ("namespaces", " , ", "a list of namespaces"),
        ("namespaces", "shop,Edge", "a list of namespaces"),
        ("namespaces", "*", "a list of namespaces"),
        ("namespaces", "shop.edge", "a list of namespaces"),
        ("secret_namespaces", "-shop", "a list of namespaces"),
        ("lease", "Legation", "a name as Kubernetes takes it"),
        ("lease", "", "a name as Kubernetes takes it"),
        ("replica_service", "legation.shop", "a name as Kubernetes takes it"),
        ("replica_service", "a" * 64, "a name as Kubernetes takes it"),
        ("peer_check", "ip", "one of pod, none"),
        ("cross_namespace", "on", "one of grants, allow"),
        ("status", "true", "one of auto, on, off"),
        ("pod_wait", "long", "a number of seconds"),
        ("max_connection_age", "0.5", "a duration of 1s or more"),
        ("selector", "", "text"),
    ],
)
def test_a_wrong_value_is_told_under_the_name_of_its_flag_with_what_would_be_right(
    name: str, value: str, words: str
) -> None:
    """Each kind of value."""
    with pytest.raises(SettingsError) as caught:
        settings.load(settings.SERVE, flags={name: value}, environ={})
    assert caught.value.key == "--" + name.replace("_", "-")
    assert repr(value) in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("value", ["true", "[1]", "{a: 1}", "1.5", "null"])
def test_a_value_of_a_wrong_type_in_the_file_is_told_with_its_line(tmp_path: Path, value: str) -> None:
    """YAML has more types than text."""
    with pytest.raises(SettingsError, match=r"^xds_port: .* is not a port number .*legation\.yaml:1\)$"):
        load(tmp_path, f"xds_port: {value}\n")


@pytest.mark.parametrize("value", ["true", "{a: 1}", "null"])
def test_a_duration_and_a_list_are_not_read_out_of_other_types(tmp_path: Path, value: str) -> None:
    """The same for the kinds of the section."""
    with pytest.raises(SettingsError, match=r"^delivery\.drain_grace: "):
        load(tmp_path, f"delivery: {{drain_grace: {value}}}\n")
    with pytest.raises(SettingsError, match=r"^delivery\.hold_missing: "):
        load(tmp_path, f"delivery: {{hold_missing: {value}}}\n")


def test_the_settings_of_the_webhook_stand_in_a_section_whose_name_they_do_not_repeat(tmp_path: Path) -> None:
    found = load(tmp_path, "webhook:\n  port: 9443\n  time_limit: 100ms\n  unchecked: refuse\n  configuration: a.b\n")
    assert found.webhook == settings.Webhook(
        webhook_port=9443, webhook_time_limit=0.1, webhook_unchecked="refuse", webhook_configuration="a.b"
    )
    with pytest.raises(SettingsError, match=r"did you mean webhook\.port"):
        load(tmp_path, "webhook:\n  webhook_port: 1\n")


def test_the_settings_of_the_cluster_stand_in_a_section_of_the_file(tmp_path: Path) -> None:
    """Flags are on or off there, lists are lists."""
    found = load(
        tmp_path,
        "cluster:\n  kubernetes: true\n  kubeconfig: /etc/kubeconfig\n  context: test\n  namespaces: [shop, edge]\n"
        "  selector: team=edge\n  pod_wait: 1m\n  peer_check: none\n  secrets: on\n  secret_namespaces: [edge]\n"
        "  cross_namespace: allow\n  status: off\n  lease: other\n  replica_service: legation\n  replica_port: 1\n"
        "  replica_bind: 0.0.0.0\n",
    )
    assert found.cluster == settings.Cluster(
        kubernetes=True,
        kubeconfig=Path("/etc/kubeconfig"),
        context="test",
        namespaces=("shop", "edge"),
        selector="team=edge",
        pod_wait=60,
        peer_check="none",
        secrets=True,
        secret_namespaces=("edge",),
        cross_namespace="allow",
        status="off",
        lease="other",
        replica_service="legation",
        replica_port=1,
        replica_bind="0.0.0.0",
    )
    assert found.delivery == settings.Delivery()


def test_the_settings_of_the_cluster_are_plain_names_elsewhere() -> None:
    """As all settings are."""
    found = settings.load(
        settings.SERVE,
        flags={"kubernetes": "on", "namespaces": "shop, edge ,shop,"},
        environ={"LEGATION_SECRETS": "on", "LEGATION_PEER_CHECK": "none"},
    )
    assert found.cluster == settings.Cluster(
        kubernetes=True, namespaces=("shop", "edge"), secrets=True, peer_check="none"
    )
    assert not settings.load(settings.SERVE, flags={}, environ={"LEGATION_KUBERNETES": "off"}).cluster.kubernetes


def test_a_service_that_is_called_like_a_setting_sets_nothing() -> None:
    """That of the replicas is called legation-peer in some clusters."""
    environ = {
        "LEGATION_REPLICA_PORT": "tcp://10.0.0.1:18003",
        "LEGATION_REPLICA_SERVICE_HOST": "10.0.0.1",
        "LEGATION_REPLICA_SERVICE_PORT": "18003",
    }
    assert settings.load(settings.SERVE, flags={}, environ=environ) == settings.Settings()


@pytest.mark.parametrize("value", ["5", "{a: 1}", "null", "[]", "[[shop]]", "[Shop]"])
def test_namespaces_are_not_read_out_of_other_types(tmp_path: Path, value: str) -> None:
    """An empty list would read as if all were meant."""
    with pytest.raises(SettingsError, match=r"^cluster\.namespaces: .* is not a list of namespaces .*:1\)$"):
        load(tmp_path, f"cluster: {{namespaces: {value}}}\n")


@pytest.mark.parametrize(("value", "word"), [("on", "on"), ("off", "off"), ("'on'", "on"), ("auto", "auto")])
def test_a_word_that_is_on_or_off_needs_no_quotes(tmp_path: Path, value: str, word: str) -> None:
    """YAML reads it as true or false."""
    assert load(tmp_path, f"cluster: {{status: {value}}}\n").cluster.status == word


def test_a_word_that_is_neither_is_not_read_out_of_true(tmp_path: Path) -> None:
    """`log_level: on` means nothing."""
    with pytest.raises(SettingsError, match=r"^log_level: True is not one of debug, info, warning, error"):
        load(tmp_path, "log_level: on\n")


@pytest.mark.parametrize(("value", "is_on"), [("on", True), ("off", False), ("'on'", True), ("true", True)])
def test_a_switch_is_on_or_off_as_yaml_has_it(tmp_path: Path, value: str, *, is_on: bool) -> None:
    """YAML reads `on` as true, unless it is in quotes; a flag is text."""
    assert load(tmp_path, f"csds: {value}\n").csds is is_on


@pytest.mark.parametrize("value", ["yes", "1", "", "True"])
def test_a_switch_is_nothing_else(value: str) -> None:
    """One way to write it."""
    with pytest.raises(SettingsError, match="is not on or off"):
        settings.load(settings.SERVE, flags={"csds": value}, environ={})


@pytest.mark.parametrize("value", ["localhost", "127.0.0.2", "::1", "[::1]"])
def test_the_admin_port_may_be_bound_to_any_loopback_address(value: str) -> None:
    """Brackets around an IPv6 address are taken off."""
    assert settings.load(settings.SERVE, flags={"admin_bind": value}, environ={}).admin_bind == value.strip("[]")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("xds_port: [1\n", r"legation\.yaml:2: this is not YAML"),
        ("xds_port: 1\nxds_port: 2\n", r"^xds_port: it is set twice \(.*:2\)"),
        ("log_level: 2001-99-99\n", r"^log_level: the value cannot be read \(.*:1\); put it in quotes"),
        ("- xds_port\n", r"legation\.yaml:1: write one `name: value` a line"),
        ("delivery: 5\n", r"^delivery: .*:1: write one"),
        ("a: \x07\n", "this is not YAML"),
    ],
)
def test_a_file_that_is_not_a_mapping_of_settings_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """What a person may do to a YAML file."""
    with pytest.raises(SettingsError, match=words):
        load(tmp_path, text)


def test_a_file_that_cannot_be_read_is_told_under_the_name_that_asked_for_it(tmp_path: Path) -> None:
    """By flag, by variable, and one that is no text."""
    missing = str(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match=r"^--config: .*none\.yaml cannot be read: No such file or directory$"):
        settings.load(settings.SERVE, flags={"config": missing}, environ={})
    with pytest.raises(SettingsError, match=r"^LEGATION_CONFIG: .* cannot be read"):
        settings.load(settings.SERVE, flags={}, environ={"LEGATION_CONFIG": missing})
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        settings.load(settings.SERVE, flags={"config": str(tmp_path / "bytes")}, environ={})


def test_every_setting_has_a_text_and_names_that_follow_from_its_field() -> None:
    """The table that help and documentation print."""
    rows = {row.name: row for row in settings.SERVE.rows}
    assert all(row.text.endswith(".") for row in rows.values())
    assert (rows["xds_port"].flag, rows["xds_port"].variable, rows["xds_port"].key) == (
        "--xds-port",
        "LEGATION_XDS_PORT",
        "xds_port",
    )
    assert rows["removal_grace"].key == "delivery.removal_grace"
    assert rows["namespaces"].key == "cluster.namespaces"
    assert (rows["kubernetes"].shown_default, rows["namespaces"].shown_default) == ("off", "")
    assert rows["removal_grace"].shown_default == "5"


def test_what_commands_take_from_the_environment_is_no_mistake_of_a_server() -> None:
    """Though `LEGATION_TOKEN_FILE` looks like `LEGATION_ADMIN_TOKEN_FILE`."""
    names = ("CA", "CERT", "KEY", "SERVER", "SERVER_NAME", "TOKEN_FILE", "ADMIN_CA")
    environ = {f"LEGATION_{each}": "x" for each in names}
    assert settings.load(settings.SERVE, flags={}, environ=environ) == settings.Settings()
