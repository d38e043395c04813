"""OnceSteps: all files at once, for who runs before Envoy does and waits for nobody."""

from __future__ import annotations

from collections.abc import Callable

from legation.model.resource import Resource
from legation.transports.files.file_set import FileSet
from legation.transports.files.steps import Step, last_step


class OnceSteps:
    """The newest files as one step, and again when others are newest. Fulfils `publisher.Steps`."""

    def __init__(self, *, render: Callable[[str, tuple[Resource, ...]], bytes]) -> None:
        """Take what returns the content of a file of that path with these resources."""
        self._render = render
        self._step: Step | None = None
        """What is not done yet."""

    @property
    def complete(self) -> bool:
        """Whether all stands there."""
        return self._step is None

    @property
    def settled(self) -> bool:
        """Whether all stands there."""
        return self._step is None

    def retarget(self, target: FileSet, now: float) -> None:
        """Take the newest files."""
        del now
        self._step = last_step(target, render=self._render)

    def next(self, now: float) -> Step | None:
        """Return what is to be done now; None if there is nothing."""
        del now
        return self._step

    def written(self, now: float) -> None:
        """Note that it is done."""
        del now
        self._step = None

    def failed(self) -> None:
        """Note that it is not done."""

    def deadline(self) -> float | None:
        """Return None: nothing is waited for."""
        return None
