"""How Envoys get snapshots: one file for each kind of transport."""

from legation.protocol.policy import Policy

__all__ = ["Policy"]
