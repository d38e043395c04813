"""The benchmarks.

python -m bench.run [CASES]

CASES are names with commas between: `saved`, `growth`, `rules`, `judge`, `webhook`, `pages`, `K1` to `K4` (in a
Kubernetes cluster), `L1` to `L4` (files from one), `M1` to `M3` (pipes), `N1` and `N2` (the management API), `T1` and
`T2` (mutual TLS), `siege` (beside attacks), and the letters of the comparison; all of them without.
It prints what it measured beside the target, and never fails on speed: machines differ.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from pathlib import Path

from bench import (
    files,
    growth,
    judge,
    kubernetes,
    management,
    pages,
    pipes,
    rules,
    saved,
    side_by_side,
    siege,
    trust,
    webhook,
)
from bench.cases import CASES

PARTS = {
    "saved": saved.measure,
    "growth": growth.measure,
    "rules": rules.measure,
    "judge": judge.measure,
    "webhook": webhook.measure,
    "pages": pages.measure,
    **kubernetes.PARTS,
    **files.PARTS,
    **pipes.PARTS,
    **management.PARTS,
    **trust.PARTS,
    "siege": siege.measure,
}
"""What is measured of legation alone."""


def main(wanted: str) -> int:
    """Run in a folder that goes with it."""
    known = {**dict.fromkeys(PARTS), **{each.letter: each for each in CASES}}
    chosen = [each for each in wanted.split(",") if each] or [*known]
    if unknown := [each for each in chosen if each not in known]:
        print(f"no case is called {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    # A client is a socket at both ends.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="legation-bench-") as folder:
        for name, measure in PARTS.items():
            if name in chosen:
                own = Path(folder) / name
                own.mkdir()
                asyncio.run(measure(own))
        cases = [case for name in chosen if (case := known[name])]
        if cases:
            asyncio.run(side_by_side.compare(cases, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
