"""What the log of a pipeline understands beside plain lines: parts that fold, and what to hide.

| | fold | hide |
|---|---|---|
| GitHub Actions | `::group::` and `::endgroup::` | `::add-mask::`, for each token that is minted |
| GitLab CI | sections | nothing: it hides only what was stored as a variable before the job |

Anywhere else lines are plain.
"""

from collections.abc import Mapping

from voxmint.cli.world import World
from voxmint.engine.sinks.contract import is_led_into_file
from voxmint.secret import Secret
from voxmint.shown import shown

_START, _END = "\x1b[0Ksection_start:", "\x1b[0Ksection_end:"
_ERASE = "\r\x1b[0K"


def is_github(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def is_gitlab(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of GitLab CI."""
    return environ.get("GITLAB_CI") == "true"


class CiLog:
    """The log of the job that a world runs in; `masks` says whether tokens are hidden in it.

    Without a word on that they are where the log reads what is written: in a job of GitHub, unless
    the stream was led into a file, which would then hold them.
    """

    def __init__(self, world: World, *, masks: bool | None = None) -> None:
        self._world = world
        self._screen = world.err
        self._github, self._gitlab = is_github(world.environ), is_gitlab(world.environ)
        self._masks = (
            self._github and not is_led_into_file(world.stderr) if masks is None else masks
        )
        self._section: str | None = None

    def mask(self, token: Secret) -> None:
        """Have the log hide a token, before anything could print it."""
        if self._masks:
            self._screen.line(f"::add-mask::{_escaped(token.reveal())}")
            self._screen.flush()

    def fold(self, title: str) -> None:
        """Begin a part that folds, unless one has begun."""
        if self._section is not None or self._screen.is_terminal:
            return
        title, moment = shown(title), int(self._world.clock())
        self._section = f"voxmint_{moment}"
        if self._github:
            self._screen.line(f"::group::{_escaped(title)}")
        elif self._gitlab:
            start = f"{_START}{moment}:{self._section}[collapsed=true]"
            self._screen.line(f"{start}{_ERASE}{title}")

    def unfold(self) -> None:
        """End the part that folds, where one has begun."""
        if self._section is None:
            return
        if self._github:
            self._screen.line("::endgroup::")
        elif self._gitlab:
            end = f"{_END}{int(self._world.clock())}:{self._section}"
            self._screen.line(f"{end}{_ERASE}")
        self._section = None
        self._screen.flush()


def _escaped(text: str) -> str:
    """A command's text as GitHub reads it back."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
