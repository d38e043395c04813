"""Texts as people write them: YAML, JSON, and where in them each value stands. Pure."""
