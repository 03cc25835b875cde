"""`voxmint graph`: who extends whom, and where overlay items apply."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxmint.cli.options import environments_option, output_option, profiles_argument
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voxmint.cli.list import Listing
    from voxmint.cli.world import World
    from voxmint.profiles.graph import Graph


@dataclass(frozen=True, slots=True)
class Options:
    """Of which profiles in which environments, and in which form."""

    profiles: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    output: str = "text"


def graph(options: Options, world: "World") -> int:
    """Writes the graph; 1, and why, where something is missing from it."""
    from voxmint.cli.display.sources import Sources
    from voxmint.cli.formats.problem_text import show_problems
    from voxmint.cli.list import listed
    from voxmint.engine.project import open_project

    project = open_project(world.cwd)
    listing = listed(project)
    _write(_chosen(options, listing), options.output, world)
    show_problems(world.err, listing.obstacles, Sources(listing.texts, project.root, world.cwd))
    return int(bool(listing.obstacles))


def _chosen(options: Options, listing: "Listing") -> "Graph":
    """The graph of what was asked for; `UsageError` for a name that there is not."""
    from voxmint.profiles.graph import graph_of
    from voxmint.profiles.selectors import is_pattern, selected

    names = [name for name in options.profiles if not is_pattern(name)]
    _check("profile", names, listing.profiles, listing)
    _check("environment", options.environments, listing.environments, listing)
    places = options.environments or tuple(listing.environments)
    if options.profiles:
        chosen = selected(options.profiles, list(listing.profiles))
        if not chosen:
            _nothing(options.profiles)
    elif options.environments:
        chosen = [name for place in places for name in listing.environments[place].profiles]
    else:
        chosen = list(listing.profiles)
    return graph_of(listing.profiles, listing.environments, chosen, places)


def _check(kind: str, asked: "Iterable[str]", known: "Iterable[str]", listing: "Listing") -> None:
    from voxmint.cli.parser import missed

    there = list(known)
    for name in asked:
        if name not in there:
            otherwise = "`voxmint list` shows them"
            if listing.obstacles:
                otherwise = "`voxmint validate` says what is wrong with those that are not in it"
            raise missed(f"there is no {kind} `{{}}`", name, there, otherwise)


def _nothing(patterns: tuple[str, ...]) -> None:
    from voxmint.problems import UsageError
    from voxmint.shown import shown

    said = f"no profile is selected by `{shown(' '.join(patterns))}`"
    raise UsageError(said, "`voxmint list` shows them")


def _write(graph: "Graph", output: str, world: "World") -> None:
    if output == "json":
        from voxmint.cli.formats import graph_json

        graph_json.write(world.out, graph)
    elif output == "svg":
        from voxmint.cli.formats import graph_svg

        graph_svg.write(world.out, graph)
    elif output == "text":
        from voxmint.cli.formats import graph_text

        graph_text.write(world.out, graph, is_verbose=world.is_verbose)
    else:
        from voxmint.cli.formats.graph_links import WRITERS

        WRITERS[output](world.out, graph)


@command_named(
    "graph",
    "voxmint graph                             # everything",
    "voxmint graph bases/hands-free            # what depends on it, and what it extends",
    "voxmint graph -e production -o mermaid    # for a page in Markdown",
    "voxmint graph -o svg > graph.svg          # a picture",
    "voxmint graph -o dot | dot -Tpdf > graph.pdf",
)
@profiles_argument
@environments_option
@output_option("text", "json", "mermaid", "dot", "svg")
def command(
    world: "World", profiles: tuple[str, ...], environments: tuple[str, ...], output: str
) -> int:
    """Show who extends whom, and where overlay items apply.

    PROFILE takes names and patterns; with each come its bases, and all that extend it. With -e it
    is only those that the environment has, and the overlay items of it and its bases. No body is
    compiled.

    -o svg is a picture; mermaid is for Markdown, and dot for Graphviz. A name is a label in each.
    """
    return graph(Options(profiles, environments, output), world)
