"""Refusals: what one client refused of one type, and what of it is offered again when (rule 7 of `sequence.py`).

Where the client's words name nobody, what it refused is *tried*: halved, and half by half offered again, until who is
to blame stands alone. A half that is taken is cleared; then one of the other half is to blame, so that one is halved
unheard. Whatever else is new waits until the trial is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from legation.model.resource import Resource
from legation.model.snapshot import Collection

MOST_OFFERS = 64
"""So often the same content is offered to a client that refuses it and does not say why; then the rest is put aside."""


@dataclass(slots=True, eq=False)
class _Half:
    """A part of what is tried."""

    members: dict[str, Resource]
    size: int
    """How many it had at first."""
    other: _Half | None = None

    @property
    def intact(self) -> bool:
        """Whether none of it has left, so that what is known of all is known of the rest."""
        return len(self.members) == self.size


class Refusals:
    """What is put aside: by name, in the version in which it is not offered again. And what is tried."""

    __slots__ = ("_content", "_offers", "_together", "_trial", "aside", "stopped")

    def __init__(self) -> None:
        self.aside: dict[str, str] = {}
        """Versions by name."""
        self.stopped = False
        """Nothing is said of this type until its content changes, or the client asks for something anew."""
        self._together: list[Mapping[str, str]] = []
        """What was put aside together because nobody knows who of it is to blame."""
        self._trial: list[_Half] = []
        """The first is on offer, the others wait."""
        self._offers = 0
        """How many offers of this content were refused without a name, or taken in a trial."""
        self._content: Collection | None = None

    def __bool__(self) -> bool:
        return bool(self.aside or self._trial or self.stopped)

    # What the client says

    def put_aside(self, suspects: Mapping[str, Resource], *, certain: bool) -> None:
        """Do not offer these again.

        Args:
            suspects: Who is to blame, by name.
            certain: Whether all of them are; else at least one of them is.
        """
        versions = {name: resource.version for name, resource in suspects.items()}
        self.acquit(versions)
        self.aside.update(versions)
        if versions and not certain and versions not in self._together:
            self._together.append(versions)

    def split(self, suspects: Mapping[str, Resource], *, judged: bool) -> None:
        """Try the suspects of a refused response by halves.

        Args:
            suspects: By name.
            judged: Whether one of them is to blame; else something that was refused before was in the response too.
        """
        self.acquit(suspects)
        if judged:
            self._trial[:0] = _halved(suspects)
        else:
            self._trial.append(_Half(dict(suspects), len(suspects)))

    def count(self) -> bool:
        """Count an offer that was refused without a name. Returns whether there may be another of this content."""
        self._offers += 1
        self.stopped = self._offers > MOST_OFFERS and not self._trial
        return self._offers < MOST_OFFERS

    def heard(self, content: Collection) -> None:
        """Take note of which content a refused response was."""
        if content is not self._content:
            self._content, self._offers, self.stopped = content, 0, False

    def take(self, taken: Iterable[str]) -> None:
        """The client took these after all."""
        names = frozenset(taken)
        for name in names:
            self.aside.pop(name, None)
        self.stopped = False
        if not self._trial:
            return
        cleared = [half for half in self._trial if half.intact and names.issuperset(half.members)]
        self.acquit(names)
        self._offers += bool(cleared)
        for half in cleared:
            other = half.other
            if other in self._trial and other.intact and len(other.members) > 1:
                at = self._trial.index(other)
                self._trial[at : at + 1] = _halved(other.members)

    def forget(self, names: Iterable[str]) -> None:
        """Offer these again as they are, if at all: they are gone, or the client does not want them any more."""
        for name in names:
            self.aside.pop(name, None)
        self.acquit(names)

    def renew(self, names: Iterable[str]) -> None:
        """Offer these again as they are: the client asked for them anew."""
        self.forget(names)
        self.stopped = False

    def try_alone(self, proved: Mapping[str, Resource]) -> None:
        """Offer each of these alone and last; what is tried besides is offered together, as nobody in it is suspect."""
        tried = self.tried
        if all(len(half.members) == 1 for half in self._trial if not proved.keys().isdisjoint(half.members)):
            proved = {name: resource for name, resource in proved.items() if name not in tried}
            self._trial += [_Half({name: resource}, 1) for name, resource in proved.items()]
            return
        rest = {name: resource for name, resource in tried.items() if name not in proved}
        self._trial = [_Half(rest, len(rest))] if rest else []
        self._trial += [_Half({name: resource}, 1) for name, resource in proved.items()]

    def acquit(self, names: Iterable[str]) -> None:
        """Take names out of the trial."""
        for half in self._trial:
            for name in names:
                half.members.pop(name, None)
        self._trial = [half for half in self._trial if half.members]

    # What may be offered

    @property
    def tried(self) -> Mapping[str, Resource]:
        """All that is tried, by name."""
        return {name: resource for half in self._trial for name, resource in half.members.items()}

    @property
    def trying(self) -> bool:
        """Whether a trial is on: then nothing else that is new may go."""
        return bool(self._trial)

    def tries(self, name: str) -> bool:
        """Say whether that name is tried."""
        return any(name in half.members for half in self._trial)

    def on_offer(self, name: str) -> bool:
        """Say whether it is that name's turn in the trial."""
        return bool(self._trial) and name in self._trial[0].members

    def include(self, resource: Resource) -> bool:
        """Say whether exactly this content is put aside."""
        return self.aside.get(resource.name) == resource.version

    def reconsider(self, target: Collection) -> tuple[str, ...]:
        """Offer again what was put aside together with something that has changed or gone since.

        What is tried and has gone is tried on: it may have to stay for a while.

        Returns:
            The names that are not tried any more because they have changed.
        """
        if self._content is target:
            return ()
        self.heard(target)
        for versions in tuple(self._together):
            if _changed(versions, target):
                self._together.remove(versions)
                for name, was in versions.items():
                    if self.aside.get(name) == was:
                        del self.aside[name]
        tried = {name: resource.version for name, resource in self.tried.items() if name in target.resources}
        changed = _changed(tried, target)
        self.acquit(changed)
        return changed


def _halved(members: Mapping[str, Resource]) -> tuple[_Half, _Half]:
    pairs = list(members.items())
    middle = (len(pairs) + 1) // 2
    one, other = (_Half(dict(part), len(part)) for part in (pairs[:middle], pairs[middle:]))
    one.other = other
    return one, other


def _changed(versions: Mapping[str, str], target: Collection) -> tuple[str, ...]:
    return tuple(name for name, was in versions.items() if (now := target.get(name)) is None or now.version != was)
