"""`--onetime`: every object is asked for once, and the files are written, or it is said why not.

Nothing is written unless all of it can be: an Envoy that finds half of its files does not start either. A TrafficSplit
that is not there is no reason to wait; one that cannot be asked for is, for the weights are then not known, and so is
an HTTPRouteGroup.
"""

from __future__ import annotations

from legation.crossover import log
from legation.crossover.keeper import Keeper, Outcome
from legation.crossover.options import Options
from legation.crossover.publishing import Publishing
from legation.crossover.remembering import Remembering
from legation.crossover.reporting import report
from legation.crossover.watching import Watching
from legation.errors import FilesError
from legation.threads import in_daemon
from legation.transports.files.plain_steps import PlainSteps
from legation.transports.files.writer import Writer

_DONE, _FAILURE = 0, 1


async def once(
    options: Options, *, watching: Watching, writer: Writer, remembering: Remembering, publishing: Publishing | None
) -> int:
    """Write the files once.

    Args:
        options: What is asked for.
        watching: All objects.
        writer: Where the files go.
        remembering: Who keeps the splits, for the sidecar that comes after.
        publishing: Who shows them in the cluster, if that is asked for.

    Returns:
        What to exit with: 0 if all files are there.
    """
    try:
        standing = await in_daemon(writer.standing, name="files")
        keeper = Keeper(options, standing=standing, remembered=await remembering.recall())
        outcome, faults = await _looked(watching, keeper)
        report(outcome.problems)
        if outcome.lacks or faults:
            why = "; ".join(each.words for each in outcome.lacks) or "not all questions were answered"
            log.error(f"nothing is written: {why}", folder=writer.folder)
            return _FAILURE
        await remembering.keep(outcome.in_force)
        await _write(outcome, writer)
    except FilesError as error:
        log.error(f"the files cannot be written: {error}")
        return _FAILURE
    if publishing is not None:
        await _publish(outcome, publishing)
    log.info("done", folder=writer.folder, files=len(outcome.files))
    return _DONE


async def _looked(watching: Watching, keeper: Keeper) -> tuple[Outcome, list[str]]:
    """Return what follows from the answers, and which questions were not answered."""
    faults = await watching.look()
    outcome = keeper.take(watching.heard())
    if outcome.groups:
        faults += await watching.look_for_groups(outcome.groups)
        outcome = keeper.take(watching.heard())
    for each in faults:
        log.error(each)
    return outcome, faults


async def _write(outcome: Outcome, writer: Writer) -> None:
    steps = PlainSteps()
    steps.retarget(outcome.files, now=0.0)
    step = steps.next(now=0.0)
    if step is not None:
        await in_daemon(lambda: writer.write(step.puts), name="files")


async def _publish(outcome: Outcome, publishing: Publishing) -> None:
    for each in outcome.generated:
        publishing.offer(each)
    if trouble := await publishing.publish():
        # Nobody but who looks into it reads it: Envoy has its files.
        log.warning("not published", reason=trouble)
