"""`voxmint list`: profiles × environments, what each extends, labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxmint.cli.options import output_option
from voxmint.cli.parser import command as command_named
from voxmint.profiles.wording import CLASHING_NAMES, NAME_NOT_UTF8

if TYPE_CHECKING:
    from voxmint.cli.world import World
    from voxmint.engine.project import Project
    from voxmint.problems import Problem
    from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile

VERSION = 1
"""The version of the JSON's shape."""


@dataclass(frozen=True, slots=True)
class Options:
    """In which form to list."""

    output: str = "text"


@dataclass(frozen=True, slots=True)
class Listing:
    """The profiles and environments that can be made out, and what keeps others from it.

    `lost` are environments that cannot be, by name; `errors` are all in the project's files.
    """

    profiles: "Mapping[str, CompiledProfile]"
    environments: "Mapping[str, CompiledEnvironment]"
    obstacles: "tuple[Problem, ...]"
    texts: Mapping[str, str]
    lost: frozenset[str]
    errors: "tuple[Problem, ...]"


_LEFT_OUT = (CLASHING_NAMES, NAME_NOT_UTF8)
"""What keeps a file from being a profile or an environment at all."""


def listed(project: "Project") -> Listing:
    """What there is, without compiling a body."""
    from voxmint.engine.worktree import WorkTree
    from voxmint.problems import gathered
    from voxmint.profiles.families import trace
    from voxmint.profiles.pipeline import parse_all
    from voxmint.profiles.reading import Wanted, read_sources

    with WorkTree(project.root) as tree:
        sources = read_sources(tree, Wanted())
    documents = parse_all(sources)
    families = trace(sources, documents)
    lost = frozenset(sources.environment_names) - {*families.environments}
    found = gathered([*documents.problems, *families.problems])
    errors = tuple(problem for problem in found if problem.is_error)
    obstacles = tuple(
        problem
        for problem in errors
        if not families.is_whole or problem.kind in _LEFT_OUT or _is_of_project(problem)
    )
    texts = sources.texts
    return Listing(families.profiles, families.environments, obstacles, texts, lost, errors)


def _is_of_project(problem: "Problem") -> bool:
    """Whether the project as a whole cannot be read as it is meant, such as without a folder."""
    from voxmint.profiles.reading import PROJECT_FILE

    return problem.at is not None and problem.at.file == PROJECT_FILE


def list_project(options: Options, world: "World") -> int:
    """Writes the list; 1, and why, where something is missing from it."""
    from voxmint.cli.display.sources import Sources
    from voxmint.cli.formats.problem_text import show_problems
    from voxmint.engine.project import open_project

    project = open_project(world.cwd)
    listing = listed(project)
    if options.output == "json":
        _write_json(listing, world)
    else:
        _write_text(listing, world)
    sources = Sources(listing.texts, project.root, world.cwd)
    show_problems(world.err, listing.obstacles, sources)
    return int(bool(listing.obstacles))


def _write_json(listing: Listing, world: "World") -> None:
    from voxmint.cli.formats.json_text import write_json

    content = {
        "version": VERSION,
        "profiles": [_profile(one) for one in listing.profiles.values()],
        "environments": [_environment(one) for one in listing.environments.values()],
    }
    write_json(world.out, content)


def _profile(profile: "CompiledProfile") -> dict[str, object]:
    document = profile.document
    return {
        "name": document.name,
        "file": document.file,
        "extends": [base.name for base in document.extends],
        "labels": dict(profile.labels),
        "abstract": document.abstract,
        "description": document.description,
    }


def _environment(environment: "CompiledEnvironment") -> dict[str, object]:
    provider = environment.provider
    return {
        "name": environment.name,
        "file": environment.document.file,
        "extends": [base.name for base in environment.document.extends],
        "abstract": environment.document.abstract,
        "provider": provider
        and {"kind": provider.kind, "api": provider.asks, "url": _url(environment)},
        "profiles": list(environment.profiles),
    }


def _url(environment: "CompiledEnvironment") -> str | None:
    """What would be posted to; `None` for an emulator in process, or where that is not known."""
    from voxmint.engine.upstream.target import target_of
    from voxmint.problems import ProblemsError

    if environment.provider is None:
        return None
    try:
        return target_of(environment).url
    except ProblemsError:
        return None


# ── text ─────────────────────────────────────────────────────────────────────────────────────────


def _write_text(listing: Listing, world: "World") -> None:
    from voxmint.cli.display.tables import show_table
    from voxmint.shown import shown

    screen = world.out
    profiles, environments = list(listing.profiles.values()), list(listing.environments.values())
    concrete = [one for one in environments if not one.document.abstract]
    if profiles:
        heads = ["PROFILE", "EXTENDS", "LABELS", *(shown(one.name) for one in concrete)]
        show_table(screen, heads, [_row(one, concrete) for one in profiles])
        screen.line()
    if environments:
        heads = ["ENVIRONMENT", "EXTENDS", "PROVIDER", "PROFILES", "URL"]
        show_table(screen, heads, [_environment_row(one) for one in environments])
        screen.line()
    counts = _counted(profiles, "profile"), _counted(environments, "environment")
    screen.line(", ".join(counts))


def _counted(ones: "Sequence[CompiledProfile | CompiledEnvironment]", noun: str) -> str:
    from voxmint.cli.display.words import number

    abstract = sum(one.document.abstract for one in ones)
    return number(len(ones) - abstract, noun) + (f" and {abstract} abstract" if abstract else "")


def _row(profile: "CompiledProfile", environments: "list[CompiledEnvironment]") -> list[str]:
    from voxmint.profiles.selectors import label_text
    from voxmint.shown import shown

    document = profile.document
    extends = ", ".join(base.name for base in document.extends)
    labels = " ".join(f"{name}={label_text(value)}" for name, value in profile.labels.items())
    if document.abstract:
        marks = ["abstract", *("" for _ in environments[1:])] if environments else []
    else:
        marks = ["yes" if profile.name in one.profiles else "–" for one in environments]
    return [shown(profile.name), shown(extends) or "–", shown(labels) or "–", *marks]


def _environment_row(environment: "CompiledEnvironment") -> list[str]:
    from voxmint.shown import shown

    provider = environment.provider
    extends = ", ".join(base.name for base in environment.document.extends)
    asks = f"{provider.kind}, {provider.asks}" if provider else "–"
    is_abstract = environment.document.abstract
    count = "abstract" if is_abstract else str(len(environment.profiles))
    return [
        shown(environment.name),
        shown(extends) or "–",
        asks,
        count,
        shown(_url(environment) or "–"),
    ]


@command_named("list", "voxmint list", "voxmint list -o json | jq -r '.profiles[].name'")
@output_option("text", "json")
def command(world: "World", output: str) -> int:
    """Show the project's profiles, the environments that have them, what each extends, and labels.

    Labels are those of a profile and its bases, merged. An abstract profile has no body of its
    own and is in no environment.
    """
    return list_project(Options(output), world)
