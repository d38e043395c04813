"""Two bootstraps made one: a real Envoy that is given both has what one has that is given what we make of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo.proxy import Envoy
from legation.envoy.bootstrap import bootstrap
from legation.envoy.bootstrap_merging import merged

MORE: dict[str, Any] = {
    "node": {"metadata": {"zone": "a"}},
    "stats_flush_interval": "7s",
    "admin": {"profile_path": "/dev/null"},
    "stats_config": {"stats_tags": [{"tag_name": "a", "fixed_value": "$(POD_NAME) \u00e4 'b' \"c\""}]},
    "dynamic_resources": {"ads_config": {"set_node_on_first_message_only": False, "rate_limit_settings": {}}},
    "layered_runtime": {"layers": [{"name": "static", "static_layer": {"a": {"b": 1}}}]},
    "static_resources": {
        "clusters": [
            {"name": "more", "type": "STATIC", "connect_timeout": "1s", "load_assignment": {"cluster_name": "more"}}
        ],
    },
}


def written(folder: Path, base: Any) -> Path:
    """Return a file in a folder of its own."""
    folder.mkdir()
    file = folder / "bootstrap.json"
    file.write_text(json.dumps(base))
    return file


async def started_with(folder: Path, base: Any, *options: str) -> Any:
    """Return the bootstrap that an Envoy says it has."""
    file = written(folder, base)
    with Envoy(file, *options, folder=folder) as envoy:
        dump = json.loads(await envoy.until(lambda: envoy.ask("/config_dump?mask=bootstrap")))
    found = dump["configs"][0]["bootstrap"]
    # Of the program, and of the time.
    for each in ("extensions", "user_agent_name", "user_agent_build_version"):
        found["node"].pop(each, None)
    return found


async def test_envoy_makes_one_of_two_as_we_do(tmp_path: Path) -> None:
    base = bootstrap(node_id="a", xds_address=("127.0.0.1", 1))
    ours = merged(base, MORE)
    assert ours.findings == ()
    told = await started_with(tmp_path / "two", base, "--config-yaml", json.dumps(MORE))
    assert told == await started_with(tmp_path / "one", ours.json)
    assert told["stats_config"] == MORE["stats_config"]
    assert [each["name"] for each in told["static_resources"]["clusters"]] == ["xds_cluster", "more"]
