"""`legation completion`: the script that teaches a shell the commands and options."""

from __future__ import annotations

import click

_SHELLS = {
    "bash": 'eval "$(legation completion bash)"   in ~/.bashrc',
    "zsh": 'eval "$(legation completion zsh)"    in ~/.zshrc',
    "fish": "legation completion fish | source    in ~/.config/fish/config.fish",
}


@click.command(epilog="\b\n" + "\n".join(_SHELLS.values()))
@click.argument("shell", type=click.Choice(tuple(_SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import get_completion_class

    offered = get_completion_class(shell)
    if offered is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(offered(ctx.find_root().command, {}, "legation", "_LEGATION_COMPLETE").source())
