"""`voxmint explain`: what a field means, what a model takes, what a problem's code means."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from voxmint.cli.options import output_option
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from voxmint.cli.world import World


@dataclass(frozen=True, slots=True)
class Options:
    """What to explain, everything by default, and in which form."""

    word: str | None = None
    output: str = "text"


def explain(options: Options, world: "World") -> int:
    """Writes what is known of a field, model, directive, key or code, or a list of all of them."""
    from voxmint.cli.topics import everything, topics_of

    topics = everything() if options.word is None else topics_of(options.word)
    if options.output == "json":
        from voxmint.cli.formats import explain_json

        explain_json.write(world.out, topics)
    else:
        from voxmint.cli.formats import explain_text

        if options.word is None:
            explain_text.write_overview(world.out, topics)
        else:
            explain_text.write_pages(world.out, topics)
    return 0


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    from voxmint.cli.topics import everything

    # Shells would take `$append` for a variable; the word alone does as well.
    names = (name.removeprefix("$") for name in everything().names)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@command_named(
    "explain",
    "voxmint explain turn_detection.threshold",
    "voxmint explain model-needs-no-turn-detection",
    "voxmint explain gpt-realtime-whisper",
)
@click.argument("word", metavar="[FIELD|CODE]", required=False, shell_complete=_complete)
@output_option("text", "json")
def command(world: "World", word: str | None, output: str) -> int:
    """Explain a field of the request, a key of a file, a model, or a problem's code.

    FIELD is a path as in a profile or in the body of either endpoint, or its last part; without it,
    everything is listed. Each fact is told with where it is documented and how sure it is.
    """
    return explain(Options(word, output), world)
