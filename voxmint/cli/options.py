"""The options that several commands share."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from voxmint.cli.parser import FOLDER, Duration, Word, called, missed

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])


def _completer(kind: str) -> Callable[..., "list[CompletionItem]"]:
    """Completes the names of profiles or environments."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        from voxmint.cli.names import names_in

        found = names_in(Path(ctx.meta.get(FOLDER, ".")), kind)
        return [CompletionItem(name) for name in found if name.startswith(incomplete)]

    return complete


def _pairs(
    _: click.Context, param: click.Parameter, given: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    from voxmint.problems import UsageError
    from voxmint.shown import shown

    pairs = [text.partition("=") for text in given]
    for text, (name, sign, value) in zip(given, pairs, strict=True):
        if not (name and sign and value):
            raise UsageError(
                f"{called(param)} takes NAME=VALUE, not `{shown(text)}`",
                "for example: -l team=clinic",
            )
    return tuple((name, value) for name, _, value in pairs)


profiles_argument = click.argument(
    "profiles", metavar="[PROFILE]...", nargs=-1, shell_complete=_completer("profiles")
)
"""Names and patterns of profiles."""

profile_argument = click.argument(
    "profile", metavar="PROFILE", shell_complete=_completer("profiles")
)
"""The name of one profile."""

environments_option = click.option(
    "-e",
    "--environment",
    "environments",
    metavar="ENV",
    multiple=True,
    shell_complete=_completer("environments"),
    help="The environment; can be repeated.",
)
"""Names of environments."""

environment_option = click.option(
    "-e",
    "--environment",
    "environments",
    metavar="ENV",
    multiple=True,
    shell_complete=_completer("environments"),
    help="The environment.",
)
"""The name of one environment; that it is one only is for `one_environment` to say."""

labels_option = click.option(
    "-l",
    "--label",
    "labels",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_pairs,
    help="Only profiles with this label; can be repeated.",
)
"""Labels that profiles must have."""

overrides_option = click.option(
    "--set",
    "overrides",
    metavar="PATH=VALUE",
    multiple=True,
    help="Lay a value over everything, as in session.turn_detection=null; can be repeated.",
)
"""The strongest layer of all."""

api_option = click.option(
    "--api",
    type=Word("client_secrets", "transcription_sessions"),
    help="The endpoint, instead of the environment's own.",
)
"""The endpoint that bodies are made for."""


min_remaining_option = click.option(
    "--min-remaining",
    metavar="DURATION",
    type=Duration(),
    help="How long every token must live on, as for a deploy of 45m; 1h30m, 90s and seconds do, "
    "too. Without it, a fifth of its lifetime.",
)
"""What a token must have left to be kept, instead of a share of its lifetime."""


def selecting(function: F) -> F:
    """Adds the options of a command that compiles profiles: labels, `--set`, `--api`."""
    return labels_option(overrides_option(api_option(function)))


allow_host_option = click.option(
    "--allow-host",
    "allow_hosts",
    metavar="HOST",
    multiple=True,
    help="A host that the key may be sent to, besides OpenAI's own; can be repeated.",
)
"""The hosts that the operator names."""

allow_store_host_option = click.option(
    "--allow-host",
    "allow_hosts",
    metavar="HOST",
    multiple=True,
    help="A host at which the project's files may have a store asked; can be repeated.",
)
"""The same word of the operator, for commands that ask stores and send no key."""

allow_key_command_option = click.option(
    "--allow-key-command", is_flag=True, help="Run the command by which the project gets its key."
)
"""The operator's word that the project's command may run."""

_PACE = (
    click.option(
        "--concurrency", metavar="N", type=click.IntRange(1, 256), help="How many requests at once."
    ),
    click.option(
        "--timeout",
        metavar="DURATION",
        type=Duration(is_some=True),
        help="How long the whole run may take; 2m unless set.",
    ),
    click.option(
        "--request-timeout",
        metavar="DURATION",
        type=Duration(is_some=True),
        help="How long one request may take; 30s unless set.",
    ),
    click.option(
        "--connect-timeout",
        metavar="DURATION",
        type=Duration(is_some=True),
        help="How long it may take until a connection stands; 10s unless set.",
    ),
    click.option(
        "--attempts",
        metavar="N",
        type=click.IntRange(1, 100),
        help="How often a profile's request is sent at most; 5 unless set.",
    ),
    click.option(
        "--retry-unanswered",
        metavar="N",
        type=click.IntRange(0, 100),
        help="How often a request without an answer is sent again; each time, another token may "
        "live that nobody has. 1 unless set.",
    ),
)


def _known_sinks(ctx: click.Context, _: click.Parameter, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """That there is a sink of each kind; of other packages only the metadata is read."""
    if kinds and not ctx.resilient_parsing:
        from voxmint.engine.sinks import known_kinds

        known = sorted(known_kinds())
        for kind in (one for one in kinds if one not in known):
            otherwise = f"known here: {', '.join(known)}"
            raise missed("there is no sink of the kind `{}`", kind, known, otherwise)
    return kinds


sink_option = click.option(
    "--sink",
    "sinks",
    metavar="KIND",
    multiple=True,
    callback=_known_sinks,
    help="A sink that is only written by name, such as stdout; can be repeated.",
)


adopt_option = click.option(
    "--adopt",
    is_flag=True,
    help="Take over secrets of a store that voxmint did not write; their value is replaced.",
)
"""Whether other people's secrets may be overwritten; never a setting of the project."""


mask_option = click.option(
    "--mask/--no-mask",
    "masks",
    default=None,
    help="Have the job's log hide each token (`::add-mask::`); by default in a job of GitHub.",
)
"""Whether tokens are told to the log of a pipeline, so that it hides them."""


def sending(function: F) -> F:
    """Adds the options of a command that mints: what the operator allows, how fast, how long."""
    for option in reversed((allow_host_option, allow_key_command_option, *_PACE, mask_option)):
        function = option(function)
    return function


def output_option(*words: str) -> Callable[[F], F]:
    """`-o`, which takes one of the words; the first is the default."""
    return click.option(
        "-o",
        "--output",
        "output",
        type=Word(*words),
        default=words[0],
        show_default=True,
        help="The form of the output.",
    )
