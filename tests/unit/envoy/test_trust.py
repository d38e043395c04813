"""What an Envoy trusts and shows is what Envoy's schema says, and named so that it can be replaced."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from legation.envoy import types
from legation.envoy.bootstrap import Variant, bootstrap
from legation.envoy.reader import read
from legation.envoy.trust import TRUST_FOLDER, Auth, Trust, TrustPaths, sds_files, trust_files
from legation.runtime.checked_bootstrap import check_bootstrap

SERVER = "legation.legation.svc"


def xds_cluster(trust: Trust | None, variant: Variant = "delta") -> dict[str, Any]:
    """Return the cluster of a bootstrap about which nothing is wrong."""
    made = bootstrap(node_id="a", xds_address=(SERVER, 18000), variant=variant, trust=trust)
    assert check_bootstrap(made) == ()
    (found,) = made["static_resources"]["clusters"]
    assert isinstance(found, dict)
    return found


def tls_of(cluster: dict[str, Any]) -> dict[str, Any]:
    found = cluster["transport_socket"]["typed_config"]
    assert isinstance(found, dict)
    return found


def filters_of(cluster: dict[str, Any]) -> list[str]:
    (options,) = cluster["typed_extension_protocol_options"].values()
    return [each["name"].rpartition(".")[2] for each in options.get("http_filters", ())]


def secret(text: str) -> dict[str, Any]:
    """Return the one secret of an SDS file, which Envoy's schema takes; Envoy refuses a file with two."""
    (found,) = json.loads(text)["resources"]
    of_it = {key: value for key, value in found.items() if key != "@type"}
    _, findings = read(types.message_class(found["@type"].rpartition("/")[2])(), of_it)
    assert findings == []
    return of_it


def test_without_trust_nothing_of_it_is_there() -> None:
    plain = xds_cluster(None)
    assert "transport_socket" not in plain
    assert filters_of(plain) == []


@pytest.mark.parametrize("variant", ["delta", "sotw", "rest"])
def test_a_token_goes_into_each_request_as_the_newest_one_that_is_there(variant: Variant) -> None:
    made = xds_cluster(Trust(server_name=SERVER), variant)
    assert filters_of(made) == ["credential_injector", "header_mutation", "upstream_codec"]
    assert "tls_certificate_sds_secret_configs" not in tls_of(made)["common_tls_context"]


@pytest.mark.parametrize("variant", ["delta", "sotw", "rest"])
def test_a_certificate_is_shown_in_place_of_a_token(variant: Variant) -> None:
    made = xds_cluster(Trust(server_name=SERVER, auth="certificate"), variant)
    assert filters_of(made) == []
    (shown,) = tls_of(made)["common_tls_context"]["tls_certificate_sds_secret_configs"]
    assert shown["sds_config"]["path_config_source"] == {"path": f"{TRUST_FOLDER}/certificate-sds.json"}


@pytest.mark.parametrize(
    ("name", "kind", "exact", "sni"),
    [
        ("legation.legation.svc", "DNS", "legation.legation.svc", "legation.legation.svc"),
        ("10.0.0.1", "IP_ADDRESS", "10.0.0.1", None),
        ("0:0::1", "IP_ADDRESS", "::1", None),
        ("spiffe://legation/ns/legation/sa/legation", "URI", "spiffe://legation/ns/legation/sa/legation", None),
    ],
)
def test_the_server_s_name_is_checked_as_what_it_is(name: str, kind: str, exact: str, sni: str | None) -> None:
    tls = tls_of(xds_cluster(Trust(server_name=name)))
    checked = tls["common_tls_context"]["combined_validation_context"]["default_validation_context"]
    assert checked == {"match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": exact}}]}
    assert tls.get("sni") == sni


@pytest.mark.parametrize("auth", ["token", "certificate", "none"])
def test_no_connection_goes_on_with_what_a_former_one_had_shown(auth: Auth) -> None:
    """A session that is resumed is not looked at again."""
    assert tls_of(xds_cluster(Trust(server_name=SERVER, auth=auth)))["max_session_keys"] == 0


@pytest.mark.parametrize(
    ("auth", "names"),
    [
        ("token", {"ca-sds.json", "token-sds.json"}),
        ("certificate", {"ca-sds.json", "certificate-sds.json"}),
        ("none", {"ca-sds.json"}),
        (None, {"ca-sds.json", "certificate-sds.json", "token-sds.json"}),
    ],
)
def test_only_what_is_shown_has_a_file(auth: Auth | None, names: set[str]) -> None:
    assert set(trust_files(auth=auth)) == names


@pytest.mark.parametrize("auth", ["token", "certificate", "none"])
def test_the_bootstrap_names_the_files_by_their_secrets(auth: Auth) -> None:
    text = json.dumps(xds_cluster(Trust(server_name=SERVER, auth=auth, sds_folder="/sds/")))
    for name, held in trust_files(auth=auth).items():
        assert f'"/sds/{name}"' in text
        assert f'"{secret(held)["name"]}"' in text
    assert text.count('"/sds/') == len(trust_files(auth=auth))


def test_everything_that_changes_is_followed_where_it_stands() -> None:
    """In the folder of the file, as a kubelet or a rename changes it."""
    paths = TrustPaths(ca="/a/ca.pem", token="/b/token", certificate="/c/tls.crt", key="/c/tls.key")
    files = {name: secret(text) for name, text in sds_files(paths).items()}
    ca = files["ca-sds.json"]["validation_context"]
    assert ca == {"trusted_ca": {"filename": "/a/ca.pem"}, "watched_directory": {"path": "/a"}}
    token = files["token-sds.json"]["generic_secret"]["secret"]
    assert token == {"filename": "/b/token", "watched_directory": {"path": "/b"}}
    pair = files["certificate-sds.json"]["tls_certificate"]
    assert (pair["certificate_chain"], pair["private_key"]) == ({"filename": "/c/tls.crt"}, {"filename": "/c/tls.key"})
    assert pair["watched_directory"] == {"path": "/c"}


def test_what_is_needed_is_what_is_read() -> None:
    paths = TrustPaths.within("/x/")
    assert paths.needed("token") == ("/x/ca.crt", "/x/token")
    assert paths.needed("certificate") == ("/x/ca.crt", "/x/tls.crt", "/x/tls.key")
    assert paths.needed("none") == ("/x/ca.crt",)


def test_the_names_are_known_without_protobuf() -> None:
    """Help names them."""
    program = "import sys, legation.envoy.trust; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"google", "yaml"} & {name.partition(".")[0] for name in done.stdout.split()}
