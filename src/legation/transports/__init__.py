"""How Envoys get snapshots: one file for each kind of transport."""
