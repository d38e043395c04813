"""The command `legation`: one module for each subcommand. Each loads what it needs when it runs, so help is quick."""

from legation.cli.program import main

__all__ = ["main"]
