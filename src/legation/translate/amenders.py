"""Finds the amenders: every module of this folder that has an AMENDER is a member. Pure."""

from __future__ import annotations

from legation.translate.base import Amender
from legation.translate.members import members

AMENDERS: tuple[Amender, ...] = tuple(sorted(members("AMENDER"), key=lambda each: each.stage))
"""Every amender, by stage, and within one in the order of their modules."""
