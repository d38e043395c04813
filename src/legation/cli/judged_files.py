"""Files that Envoy reads itself, in front of a real Envoy: what it says of each resource in them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from legation.model.problems import Problem
from legation.runtime import envoy_files
from legation.runtime.judged import problem_of, unasked_problems

if TYPE_CHECKING:
    from legation.cli.rendering import Ask
    from legation.judging.verdict import Verdict
    from legation.model.resource import Resource
    from legation.settings import Settings


def judge_of(found: Settings) -> Ask | None:
    """Return what asks a real Envoy, if the settings want it asked."""
    if found.dry_run == "off":
        return None
    from legation.judging.judge import judge_once

    return partial(judge_once, binary=found.envoy_binary, timeout=found.dry_run_timeout)


def judged(files: Mapping[str, str], judge: Ask) -> Sequence[Problem]:
    """Return what Envoy refuses of the resources in these files, by name and text."""
    items = {item: name for name, text in files.items() for item in envoy_files.items(name, text)}
    if not items:
        return ()
    verdicts = asyncio.run(_ask(judge, [each.resource for each in items]))
    told = ((items[item], problem_of(item, verdicts[item.resource])) for item in items)
    placed = [envoy_files.placed(problem, name, files[name]) for name, problem in told if problem is not None]
    return [*placed, *unasked_problems(verdicts.values(), of="resource")]


async def _ask(judge: Ask, resources: Sequence[Resource]) -> Mapping[Resource, Verdict]:
    return await judge(resources)
