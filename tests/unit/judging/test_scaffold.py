from __future__ import annotations

from typing import Any

from legation.judging.posing import MOST_TOGETHER
from legation.judging.scaffold import Setting, http_listener, new_cluster, new_listener, new_manager


def setting(number: int) -> Setting:
    return Setting(number=number, token="token", alone=True)


def test_no_port_is_that_of_two_questions() -> None:
    ports = [setting(number).port(which) for number in range(MOST_TOGETHER) for which in range(128)]

    assert len(set(ports)) == len(ports)
    assert 1024 < min(ports) < max(ports) < 65_536


def test_everything_has_the_name_of_its_question_and_binds_nothing() -> None:
    made: tuple[Any, ...] = new_cluster(setting(0)), new_listener(setting(0)), http_listener(new_manager(), setting(0))

    assert [each.name for each in made] == ["token"] * 3
    assert [each.bind_to_port.value for each in made[1:]] == [False] * 2
