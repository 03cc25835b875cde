"""`voxmint diff`: what a change of the files does to the bodies, and which edit does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import environments_option, output_option, selecting
from voxmint.cli.parser import Command, Duration, command as command_named
from voxmint.problems import UsageError
from voxmint.shown import shown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from voxmint.cli.compiling import Selection
    from voxmint.cli.world import World
    from voxmint.engine.comparing import Comparison

_FAILED, _CHANGED = 1, 2
_WHOLE = ("json", "html")
"""The forms that leave nothing out."""
_AFTER = "voxmint.after"
"""Where a context keeps what stood after `--`; `None` where there was none."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to compare, for which bodies, and how to tell.

    `words` are states and then profiles; the selection's own profiles stood after a `--`, or are
    `None` where there was none.
    """

    selection: "Selection"
    words: tuple[str, ...] = ()
    after: tuple[str, ...] | None = None
    output: str = "text"
    staged: bool = False
    full: bool = False
    stat: bool = False
    origins: bool = False
    detailed: bool = False
    pager: bool = True
    base_url: str | None = None
    deploys: tuple[tuple[str | None, float], ...] = ()
    project: str | None = None


def diff(options: Options, world: "World") -> int:
    """Writes what is different; 1 where the head has errors that the base has not.

    Raises `UsageError` for what cannot be told in the form that is asked for.
    """
    if options.stat and options.output in _WHOLE:
        raise UsageError(
            f"`--stat` is for text and markdown: {options.output} always holds everything",
            "leave `--stat` out, or `-o`",
        )
    if options.stat and options.full:
        raise UsageError("`--stat` shows counts alone, and `--full` each body", "give one of them")
    comparison = _compared(options, world)
    _write(comparison, options, world)
    difference = comparison.difference
    if difference.has_new_errors:
        return _FAILED
    return _CHANGED if options.detailed and difference.has_changes else 0


def _write(comparison: "Comparison", options: Options, world: "World") -> None:
    from voxmint.cli.formats.diff_told import Layout
    from voxmint.cli.formats.links import links_of

    # An address that is none is told in every form, and before anything is written.
    links = links_of(options.base_url, comparison.base, comparison.head)
    layout = Layout(options.full, options.stat, world.is_verbose)
    if options.output == "json":
        from voxmint.cli.formats import diff_json

        diff_json.write(world.out, comparison)
    elif options.output == "markdown":
        from voxmint.cli.formats import diff_markdown

        diff_markdown.write(world.out, comparison, links, layout)
    elif options.output == "html":
        from voxmint.cli.formats import diff_html

        diff_html.write(world.out, comparison, links, is_verbose=world.is_verbose)
    elif not world.is_quiet or comparison.difference.has_new_errors:
        from voxmint.cli.display.pager import paged
        from voxmint.cli.formats import diff_text

        with paged(world, is_wanted=options.pager) as shown:
            diff_text.write(shown.out, comparison, layout)


def _compared(options: Options, world: "World") -> "Comparison":

    from voxmint.cli.compiling import order_of
    from voxmint.engine.comparing import compare_states
    from voxmint.engine.states import find_states

    asked = find_states(
        options.words,
        options.after,
        world.cwd,
        world.environ,
        is_staged=options.staged,
        project=options.project,
    )
    order = order_of(options.selection._replace(profiles=asked.profiles))
    return compare_states(asked, order, with_origins=options.origins, deploys=options.deploys)


def _deploys(
    context: click.Context, param: click.Parameter, given: Sequence[str]
) -> tuple[tuple[str | None, float], ...]:
    """What `--min-remaining` gives: an environment, or `None` for all others, and seconds."""
    length = Duration()
    found: dict[str | None, float] = {}
    for text in given:
        name, sign, written = text.rpartition("=")
        if sign and not name:
            raise UsageError(
                f"`--min-remaining` takes ENV=DURATION or DURATION, not `{shown(text)}`",
                "for example: --min-remaining production=20m",
            )
        found[name or None] = length.convert(written, param, context)
    return tuple(found.items())


class _DiffCommand(Command):
    """Keeps what stands after `--` apart: click itself forgets where that was."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            place = args.index("--")
            ctx.meta[_AFTER] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


def _complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Branches and tags, and then profiles."""
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from voxmint.cli.names import names_in
    from voxmint.cli.parser import FOLDER
    from voxmint.cli.world import this_world
    from voxmint.engine.clones import revisions_in

    folder = Path(ctx.meta.get(FOLDER, "."))
    found: Sequence[str] = [
        *revisions_in(folder, this_world().environ),
        *names_in(folder, "profiles"),
    ]
    return [CompletionItem(name) for name in found if name.startswith(incomplete)]


@command_named(
    "diff",
    "voxmint diff                              # since this branch left the default branch",
    "voxmint diff main                         # the branch main, and the working tree",
    "voxmint diff v1.4..v1.5 -e production     # two releases",
    "voxmint diff HEAD -- 'call-center/*'      # what is not committed, for some profiles",
    "voxmint diff --staged --detailed-exitcode # what is about to be committed",
    "voxmint diff old/ new/                    # two folders",
    "voxmint diff main --min-remaining production=20m",
    "voxmint diff main -o html > diff.html     # a page to read in a browser",
    cls=_DiffCommand,
)
@click.argument(
    "words", metavar="[BASE [HEAD]] [--] [PROFILE]...", nargs=-1, shell_complete=_complete
)
@environments_option
@selecting
@click.option("--staged", is_flag=True, help="Compare the last commit, or BASE, with the index.")
@click.option("--full", is_flag=True, help="List each body with its own changes.")
@click.option("--stat", is_flag=True, help="Show counts alone, a line for each edit.")
@click.option("--origins", is_flag=True, help="Show values that stay and come from elsewhere, too.")
@click.option(
    "--min-remaining",
    "deploys",
    metavar="[ENV=]DURATION",
    multiple=True,
    callback=_deploys,
    help="How long a deploy takes, as for `mint`: new lifetimes that are too short for it are "
    "errors. Can be repeated, for one environment each.",
)
@click.option(
    "--project",
    metavar="DIR",
    help="The project's folder in the repository, from its root: for a bare one that has several.",
)
@click.option("--detailed-exitcode", "detailed", is_flag=True, help="End with 2 if bodies change.")
@click.option("--no-pager", "pager", is_flag=True, flag_value=False, default=True, help="No pager.")
@output_option("text", "json", "markdown", "html")
@click.option(
    "--base-url",
    metavar="URL",
    help="Link places in markdown and html to lines of this repository.",
)
@click.pass_context
def command(ctx: click.Context, /, world: "World", words: tuple[str, ...], **given: Any) -> int:
    """Show what a change of the files does to the bodies, and which edit does it.

    BASE and HEAD are revisions of git, or folders with a voxmint.yaml. Without BASE it is the
    commit at which this branch left the default branch (origin/HEAD, or init.defaultBranch, main,
    master); without HEAD it is the working tree. BASE..HEAD names two revisions at once, and
    BASE...HEAD compares HEAD with where it left BASE.

    Words are taken for BASE and HEAD from the left, as long as they are a revision or a folder,
    then for profiles; what stands after -- is a profile always. Nothing is checked out or written,
    and no command of the repository is run.

    Ends with 1 where HEAD has errors that BASE has not; errors that were there before are shown
    and do not count. With --detailed-exitcode it ends with 2 where bodies change.

    --full lists each body with its own changes in text and markdown; -v gives all names there, and
    the problems of before in html, too. json and html hold every body anyway.

    -o markdown is a comment for a pull request, never longer than GitHub takes; -o html is a page
    for a browser that loads nothing. --base-url links both to the lines: the address of a
    repository on GitHub, GitLab or Bitbucket, or one with {revision}, {path} and {line} in it.
    """
    from voxmint.cli.compiling import selection_in

    given["profiles"] = ()
    given["selection"] = selection_in(given)
    return diff(Options(words=words, after=ctx.meta.get(_AFTER), **given), world)
