from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import cluster, told


@pytest.mark.parametrize(
    ("settings", "fields", "wrong"),
    [
        ([(5, 1), (6, 1)], {}, None),
        ([(5, 1), (5, 1)], {}, None),
        ([(5, 1), (5, 2)], {}, 1),
        ([(3, 7)], {}, None),
        ([(3, 7)], {"max_concurrent_streams": 7}, 0),
        ([(1, 7)], {"hpack_table_size": 7}, 0),
        ([(4, 65535)], {"initial_stream_window_size": 65535}, 0),
        ([(4, 65535)], {"max_concurrent_streams": 7}, None),
        ([(8, 1)], {}, 0),
    ],
)
def test_settings(settings: list[tuple[int, int]], fields: dict[str, Any], wrong: int | None) -> None:
    custom = [{"identifier": number, "value": value} for number, value in settings]

    found = told(cluster(http2_protocol_options={"custom_settings_parameters": custom, **fields}))

    place = f"http2_protocol_options.custom_settings_parameters[{wrong}]"
    assert found == ([] if wrong is None else [f"error either-or {place}"])
