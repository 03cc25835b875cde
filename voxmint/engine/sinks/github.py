"""The sinks for GitHub's jobs: variables for the steps that follow, and outputs of a step.

```yaml
sinks:
  - kind: github-env                  # or github-output; both take values, prefix and names
    values: [client_secret]
```

They are written only where the operator asks for them, as in `voxmint mint … --sink github-env`.
Before a token is written, `::add-mask::` is printed with it, so that the job's log hides it.
"""

import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import ClassVar

from voxmint.engine.failures import failure, reason
from voxmint.engine.files import described, write_all
from voxmint.engine.sinks.contract import OptionsWhenNeeded
from voxmint.engine.sinks.passing import PassingSink
from voxmint.engine.wording import (
    FILE_NOT_REGULAR,
    FILE_UNWRITABLE,
    SINK_NAME_REFUSED,
    SINK_OUTSIDE_JOB,
)
from voxmint.problems import Problem, ProblemsError

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_OWN = ("GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_")
"""What names begin with that GitHub keeps for itself."""


class GithubSink(PassingSink):
    """A file that the variable `variable` names, for one step of a job."""

    Options = OptionsWhenNeeded("voxmint.engine.sinks.stream_options:VariableOptions")
    variable: ClassVar[str]

    @property
    def target(self) -> str:
        return f"${self.variable}"

    def flaws(self) -> Iterator[Problem]:
        yield from super().flaws()
        for profile in self.around.profiles:
            for name in self.names_of(profile).values():
                if name == "CI" or name.startswith(_OWN):
                    facts = {"profile": profile, "name": name}
                    affected = ((profile, self.around.environment),)
                    at = self.around.at
                    yield Problem(SINK_NAME_REFUSED, at, facts, affects=affected)

    def preflight(self) -> Iterator[Problem]:
        yield from super().preflight()
        try:
            os.close(self._opened())
        except ProblemsError as error:
            at = self.around.at
            yield from (Problem(one.kind, at, one.facts) for one in error.problems)

    def _opened(self) -> int:
        path = self.around.environ.get(self.variable)
        if not path:
            raise failure(SINK_OUTSIDE_JOB, variable=self.variable, kind=self.kind)
        try:
            descriptor = os.open(path, _APPEND)
        except OSError as error:
            raise failure(FILE_UNWRITABLE, path=self.target, reason=reason(error)) from error
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            raise failure(FILE_NOT_REGULAR, path=self.target, found=described(mode))
        return descriptor

    def text_of(self, profile: str, values: Mapping[str, str | int]) -> str:
        del profile
        return "".join(_heredoc(name, str(value)) for name, value in values.items())

    def add(self, text: str) -> None:
        descriptor = self._opened()
        try:
            self._append(descriptor, text.encode())
        except OSError as error:
            raise failure(FILE_UNWRITABLE, path=self.target, reason=reason(error)) from error
        finally:
            os.close(descriptor)

    def _append(self, descriptor: int, data: bytes) -> None:
        size = os.fstat(descriptor).st_size
        try:
            write_all(descriptor, (b"\n" if self._is_cut(size) else b"") + data)
        except OSError:
            # Half a value would be read as a whole one.
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise

    def _is_cut(self, size: int) -> bool:
        """Whether somebody's last line was left without its end."""
        if not size:
            return False
        with suppress(OSError):
            descriptor = os.open(self.around.environ[self.variable], os.O_RDONLY | os.O_CLOEXEC)
            try:
                return os.pread(descriptor, 1, size - 1) != b"\n"
            finally:
                os.close(descriptor)
        return False


class GithubEnvSink(GithubSink):
    """Variables for the steps that follow in a job."""

    kind: ClassVar[str] = "github-env"
    variable: ClassVar[str] = "GITHUB_ENV"


class GithubOutputSink(GithubSink):
    """Outputs of a step."""

    kind: ClassVar[str] = "github-output"
    variable: ClassVar[str] = "GITHUB_OUTPUT"


def _heredoc(name: str, value: str) -> str:
    """A value between lines that nobody can foresee, so that no value can end it."""
    delimiter = f"voxmint_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
