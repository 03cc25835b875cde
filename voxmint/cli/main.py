"""The command line: the registry of commands, and the one way in and out.

Nothing heavy is imported here, or before a command needs it: `voxmint --help` should be as quick as
click itself.
"""

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from voxmint.cli.parser import Program
    from voxmint.cli.world import World

NAME = "voxmint"

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "init": ("voxmint.cli.init:command", "make a project that mints at once"),
        "import": ("voxmint.cli.import_:command", "turn a body or curl command into a profile"),
        "list": ("voxmint.cli.list:command", "show profiles and environments"),
        "validate": ("voxmint.cli.validate:command", "say what is wrong, and where"),
        "render": ("voxmint.cli.render:command", "show request bodies as they would be sent"),
        "blame": ("voxmint.cli.blame:command", "show which line set each value"),
        "diff": ("voxmint.cli.diff:command", "show what a change does to bodies, and why"),
        "textconv": ("voxmint.cli.textconv:command", "show a file as lines for `git diff`"),
        "graph": ("voxmint.cli.graph:command", "show who extends whom, and where overlays apply"),
        "plan": ("voxmint.cli.plan:command", "show what a mint would do, and why"),
        "mint": ("voxmint.cli.mint:command", "mint tokens, and write them where they are read"),
        "sinks": ("voxmint.cli.sinks:command", "show where tokens go, and how files are read"),
        "purge": ("voxmint.cli.purge:command", "take what was written out of the sinks"),
        "exec": ("voxmint.cli.exec_:command", "run a command with tokens in its environment"),
        "status": ("voxmint.cli.status:command", "show what is live, and what is not"),
        "try": ("voxmint.cli.try_:command", "send one request, and show what came of it"),
        "explain": ("voxmint.cli.explain:command", "say what a field or a problem's code means"),
        "schema": ("voxmint.cli.schema:command", "print a JSON Schema for editors"),
        "emulator": ("voxmint.cli.emulator:command", "answer like the service, on this machine"),
        "completion": ("voxmint.cli.completion:command", "print a shell's completion script"),
    }
)
"""Each command: its `click.Command`, imported when it is called, and what it does in a line."""

_HELP = """\
Turns YAML profiles, committed to git, into short-lived tokens for realtime transcription.

A profile inherits, an environment lays its overlay on it, and the result is the request that mints
a session. The global options may stand after a command's name, too.
"""
_EXAMPLES = """\
voxmint init                              a project that mints at once, on the emulator
voxmint validate                          what is wrong in it, and where
voxmint render clinic -e production       the request, exactly as it would be sent
voxmint mint -e local                     tokens for every profile, into .env.local"""
_INTERRUPTED = 130


_NEW_OBJECTS = 200_000
"""After how many new objects the garbage collector looks at them, instead of 700."""


def run() -> NoReturn:
    """The console script."""
    code = outcome()
    # All is written by now. Python would still take apart what the command made, piece by piece,
    # for which it needs as long as for a tenth of a compile; the system takes it back at once.
    os._exit(code)


def outcome() -> int:
    """Runs the command line of this process, and gives the exit code."""
    # What a command makes it mostly needs to its end: looking through all of a large project's
    # objects for garbage, once or twice, takes as long as a third of its compile.
    gc.set_threshold(_NEW_OBJECTS)
    try:
        from voxmint.cli.world import let_go, this_world

        world = this_world()
        code = main(sys.argv[1:], world)
        let_go(world.stdout)
        let_go(world.stderr)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    return code


def main(arguments: Sequence[str], world: "World") -> int:
    """Runs a command line in a world; gives the exit code, and raises nothing but interrupts."""
    try:
        code = _called(arguments, world)
        world.out.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the one boundary
        from voxmint.cli.failures import ended

        return ended(error, world)
    return code


def _called(arguments: Sequence[str], world: "World") -> int:
    from click.exceptions import Exit

    from voxmint.cli.world import COMPLETION

    if COMPLETION in world.environ:
        from voxmint.cli.completion import complete

        return complete(program(), world)
    try:
        with program().make_context(NAME, list(arguments), obj=world) as context:
            code: int = context.command.invoke(context)
            return code
    except Exit as end:
        return end.exit_code


def program() -> "Program":
    """The program as click knows it."""
    from voxmint.cli.parser import Entry, Program

    registry = {name: Entry(*entry) for name, entry in COMMANDS.items()}
    return Program(registry, name=NAME, help=_HELP, epilog=_EXAMPLES)
