"""`legation watch`: what changes at the running server: objects, problems, and what Envoys have of the objects."""

from __future__ import annotations

import click

from legation.cli import api_options, options
from legation.cli.kind_words import KindName, KindWord

_TOPICS = ("objects", "problems", "delivery")


@click.command(short_help="Follow objects, problems and delivery.")
@click.argument("word", required=False, type=KindWord(), metavar="[KIND | KIND/NAME]")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    type=click.Choice(_TOPICS),
    help="What to tell of; may be given many times. Without it all.",
)
@click.option("-n", "--namespace", default="", metavar="NAME", help="The namespace; without it all.")
@options.output("text", "json")
@api_options.server
def watch(*, word: str | None, topics: tuple[str, ...], namespace: str, output: str, server: str | None) -> None:
    """Tell what there is and what changes, a line each, until interrupted; a lost connection is made anew.

    With `-o json` each line is an event with the token to go on after it.
    """
    from legation.cli import kind_words
    from legation.cli.object_watch import tell
    from legation.client import Topic

    kind, name = KindName(""), ""
    if word and "/" in word:
        reference = kind_words.read_reference(word, namespace=namespace)
        kind, name = KindName(reference.kind, reference.group), reference.name
        namespace = reference.namespace
    elif word:
        kind = kind_words.read_kind(word)
    with api_options.connected(server) as client:
        tell(client, [Topic(each) for each in topics], kind, name=name, namespace=namespace, output=output)
