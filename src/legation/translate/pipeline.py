"""Finds the step for each kind of object: every module of this folder that has a STEP is a member. Pure."""

from __future__ import annotations

from legation.model.objects import ManifestObject, ObjectKey
from legation.translate.base import Step, Translation


def step_for(key: ObjectKey) -> Step | None:
    """Return the step that understands objects of this kind, or None."""
    raise NotImplementedError


def translate(manifest: ManifestObject) -> Translation:
    """Return what the object means; a kind that nobody understands is a problem of it."""
    raise NotImplementedError
