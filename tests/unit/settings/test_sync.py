"""The settings of `legation sync`, from flags, the environment and a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from legation import settings
from legation.errors import SettingsError
from legation.settings import SYNC, Sync


def load(**flags: object) -> Sync:
    """Return the settings of a command line."""
    return settings.load(SYNC, flags=flags, environ={})


def test_nothing_said_is_what_the_table_says() -> None:
    assert load() == Sync()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("edge", ("edge",)),
        ("shop/edge, b.c", ("shop/edge", "b.c")),
        (["edge", "shop/edge"], ("edge", "shop/edge")),
        ("edge,edge", ("edge",)),
    ],
)
def test_config_maps_are_named_with_their_namespace_or_without(given: object, names: tuple[str, ...]) -> None:
    assert load(config_maps=given).config_maps == names


@pytest.mark.parametrize("given", ["", "Edge", "a/b/c", "/edge", "shop/", "a_b", 7])
def test_what_is_no_name_of_an_object_is_refused(given: object) -> None:
    with pytest.raises(SettingsError, match=r"^--config-maps: .* is not a list of names such as edge-xds"):
        load(config_maps=given)


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ("app=edge", (("app", "edge"),)),
        ("app=edge, tier=", (("app", "edge"), ("tier", ""))),
        ({"app": "edge"}, (("app", "edge"),)),
    ],
)
def test_labels_are_pairs(given: object, labels: Any) -> None:
    assert load(labels=given).labels == labels


@pytest.mark.parametrize("given", ["app", "=edge", "", "app=edge,,", 7])
def test_what_is_no_pair_is_refused(given: object) -> None:
    with pytest.raises(SettingsError, match=r"^--labels: .* is not a list of labels such as app=edge"):
        load(labels=given)


def test_the_environment_and_a_file_say_the_same(tmp_path: Path) -> None:
    file = tmp_path / "sync.yaml"
    file.write_text("output: /srv/runtime\nconfig_maps: [edge]\nsettle: 2s\nonce: true\n")
    environ = {"LEGATION_CONFIG": str(file), "LEGATION_SETTLE": "3s", "LEGATION_LAYOUT": "symlink"}
    found = settings.load(SYNC, flags={}, environ=environ)
    assert found == Sync(output=Path("/srv/runtime"), config_maps=("edge",), settle=3.0, once=True, layout="symlink")


def test_a_setting_of_the_server_is_none_of_its_own() -> None:
    """In the environment it may be there for a server beside it."""
    assert settings.load(SYNC, flags={}, environ={"LEGATION_XDS_PORT": "18000"}) == Sync()
