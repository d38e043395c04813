"""What would become of objects, asked of what is served at that moment."""

from __future__ import annotations

from legation.model.objects import ManifestObject, ObjectKey
from legation.runtime.foreseeing import Foresight
from legation.runtime.read import Reading
from legation.runtime.upcoming import Upcoming
from legation.runtime.what_if import WhatIf
from legation.sources.base import Source
from tests.fakes import FakeSource
from tests.manifests import manifest

WEB = manifest("Cluster", "web", spec={"config": {"name": "web"}})


class World:
    """What is served, as a test says it."""

    def __init__(self) -> None:
        self.source = FakeSource()
        self.read: list[ManifestObject] = []
        self.forgotten: list[ObjectKey] = []
        self.now = self.state()
        self.foresight = Foresight(lambda: self.now, held=self._held)

    def state(self) -> WhatIf:
        return WhatIf(read=self._read, forget=self.forgotten.extend, upcoming=Upcoming())

    def _read(self, it: ManifestObject, _: Reading | None) -> Reading:
        self.read.append(it)
        return Reading(manifest=it)

    def _held(self, key: ObjectKey) -> tuple[Source, ManifestObject] | None:
        return (self.source, WEB) if key == WEB.key else None


def test_it_is_asked_of_what_is_served_now() -> None:
    world = World()
    before = world.foresight.upcoming
    world.now = world.state()
    assert world.foresight.upcoming is world.now.upcoming
    assert world.foresight.upcoming is not before


def test_objects_are_read_and_forgotten() -> None:
    world = World()
    assert world.foresight.foresee([WEB]) == ((),)
    ahead = world.foresight.reading_ahead([WEB])
    assert world.read == [WEB]
    ahead()
    assert world.read == [WEB, WEB]
    world.foresight.forget([WEB.key])
    assert world.forgotten == [WEB.key]


def test_who_has_an_object() -> None:
    world = World()
    assert world.foresight.held(WEB.key) == (world.source, WEB)
    assert world.foresight.held(ObjectKey("bootes.io", "Cluster", "default", "nobody")) is None
