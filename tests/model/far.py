"""Looks further than the tests do: random scenarios, as long as you like.

    python -m tests.model.far SEED SECONDS

Stops at the first thing that is wrong and prints the scenario and the shortest way to it.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from random import Random

from legation.model.resource import References, Resource
from legation.model.resource_types import CLUSTER, LISTENER, RESOURCE_TYPES, ROUTE_CONFIGURATION
from legation.model.snapshot import Snapshot
from legation.protocol.sequence import Policy
from tests.model.explorer import explore
from tests.model.scenarios import web
from tests.model.world import AT_ONCE, Scenario
from tests.small_world import cluster, snapshot, udp_listener

STATES = 20_000
"""How many states of a scenario are looked at."""


def random_snapshot(chance: Random, *, serves: bool) -> Snapshot:
    """Return up to three clusters, two routes, two listeners and two pipes; one listener at least if it serves.

    A route's version says which clusters it names, and a pipe's which one.
    """
    clusters = chance.sample("abc", chance.randint(1, 3))
    routes = {name: "".join(sorted(chance.sample(clusters, chance.randint(1, len(clusters))))) for name in "rs"}
    listeners = {f"l{at}": chance.choice("rs") for at in range(chance.randint(int(serves), 2))}
    used = set(listeners.values()) | set(chance.sample("rs", chance.randint(0, 2)))
    made = web(
        {name: chance.randint(1, 2) for name in clusters},
        {name: (10 * chance.randint(1, 2) + "rs".index(uses), uses) for name, uses in listeners.items()},
        {name: (int.from_bytes(names.encode()), names) for name, names in routes.items() if name in used},
    )
    if chance.random() < 0.5:
        return made
    pipes = {name: chance.choice(clusters) for name in ("u", "l0") if name not in listeners and chance.random() < 0.7}
    return snapshot(
        *(_checked(each, chance.choice((0.0, 0.25))) for each in made[CLUSTER]),
        *(each for row in RESOURCE_TYPES if row is not CLUSTER for each in made[row]),
        *(udp_listener(name, f"udp {uses}", clusters=uses) for name, uses in pipes.items()),
    )


def _checked(plain: Resource, seconds: float) -> Resource:
    return cluster(plain.name, f"{plain.version}~{seconds}", warms_within=seconds) if seconds else plain


def random_scenario(chance: Random) -> Scenario:
    """Return two or three snapshots and what else may happen."""
    comes_back = chance.random() < 0.4
    # Who comes back before its first clusters were warm, to where no listeners are, cannot be told from who has all.
    snapshots = tuple(random_snapshot(chance, serves=comes_back) for _ in range(chance.choice((2, 3))))
    delta = chance.random() < 0.5
    if comes_back:
        # Who comes back has told within the grace all that it holds, but for listeners that drain.
        restarts = chance.randint(0, 1)
        policy = Policy(drain_grace=0.0)
        return Scenario(snapshots=snapshots, delta=delta, policy=policy, restarts=restarts, reconnects=1 - restarts)
    refused = chance.choice([(), (), (CLUSTER,), (LISTENER,), (ROUTE_CONFIGURATION,), (CLUSTER, ROUTE_CONFIGURATION)])
    return Scenario(
        snapshots=snapshots,
        delta=delta,
        separate=chance.random() < 0.15,
        policy=chance.choice([AT_ONCE, AT_ONCE, Policy(), Policy(removal_grace=0.0)]),
        refusals=len(refused),
        refused_types=frozenset(refused),
        whole=chance.random() < 0.3,
        silent=chance.random() < 0.3,
    )


def main(seed: int, seconds: float) -> int:
    """Explore until the time is over; return 1 if something was found wrong."""
    chance = Random(seed)
    end = time.monotonic() + seconds
    seen: Counter[str] = Counter()
    while time.monotonic() < end:
        scenario = random_scenario(chance)
        verdict = explore(scenario, limit=STATES)
        seen["states"] += verdict.states
        seen["complete" if verdict.complete else "in part"] += 1
        if verdict.wrong:
            sys.stdout.write(f"{show(scenario)}\n{verdict}\n")
            return 1
    sys.stdout.write(f"{dict(seen)}\n")
    return 0


def show(scenario: Scenario) -> str:
    """Return a scenario as a person reads it."""
    refused = ", ".join(sorted(map(repr, scenario.refused_types))) if scenario.refusals else "nothing"
    how = f"delta={scenario.delta} separate={scenario.separate} whole={scenario.whole} silent={scenario.silent}"
    how += f" reconnects={scenario.reconnects} restarts={scenario.restarts} refused: {refused}"
    lines = [how, repr(scenario.policy)]
    for content in scenario.snapshots:
        held = (each for row in (CLUSTER, LISTENER, ROUTE_CONFIGURATION) for each in content[row])
        lines.append("  " + "; ".join(f"{each.name}@{each.version} {_uses(each.references)}".strip() for each in held))
    return "\n".join(lines)


def _uses(references: References) -> str:
    return " ".join(f"-> {','.join(sorted(names))}" for kind, names in references.items() if "Load" not in kind)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2])))
