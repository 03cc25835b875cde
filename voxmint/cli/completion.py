"""`voxmint completion SHELL`, and the answers to a shell that asks for completions."""

from typing import TYPE_CHECKING

import click

from voxmint.cli.parser import Word, command as command_named
from voxmint.cli.world import COMPLETION

if TYPE_CHECKING:
    from voxmint.cli.world import World

SHELLS = ("bash", "zsh", "fish")


def script(shell: str, program: click.Command, world: "World") -> int:
    """Writes the shell's completion script."""
    from click.shell_completion import ShellComplete, get_completion_class

    completer = get_completion_class(shell)
    assert completer is not None  # noqa: S101  # click knows all three
    made = completer(program, {}, program.name or "", COMPLETION)
    # Bash's own version of this runs a bash to look at its version.
    world.out.write(ShellComplete.source(made))
    return 0


def complete(program: click.Command, world: "World") -> int:
    """Answers a shell; it asks by `_VOXMINT_COMPLETE`, `COMP_WORDS` and `COMP_CWORD`."""
    from click.shell_completion import get_completion_class

    shell, _, asked = world.environ[COMPLETION].partition("_")
    completer = get_completion_class(shell)
    if completer is None or asked != "complete":
        return 1
    world.out.line(completer(program, {}, program.name or "", COMPLETION).complete())
    return 0


@command_named(
    "completion",
    'eval "$(voxmint completion bash)"                      # in ~/.bashrc',
    'eval "$(voxmint completion zsh)"                       # in ~/.zshrc, after compinit',
    "voxmint completion fish > ~/.config/fish/completions/voxmint.fish",
)
@click.argument("shell", type=Word(*SHELLS), required=True)
def command(world: "World", shell: str) -> int:
    """Print the script that makes a shell complete commands, options, profiles and environments.

    Bash must be 4.4 or later.
    """
    return script(shell, click.get_current_context().find_root().command, world)
