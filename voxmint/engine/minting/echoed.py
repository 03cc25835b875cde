"""What a service does other than it was asked to, gathered while its answers come in.

Each answer is looked at once and then let go: what it says of a session is many times as large as
what is kept of it.
"""

from collections.abc import Callable

from voxmint.engine.apis import Answer
from voxmint.engine.echoing import deviations_of, problems_of
from voxmint.engine.selection import Selection
from voxmint.engine.upstream.target import provider_of
from voxmint.problems import Problem, gathered


class EchoCheck:
    """The echo check of a run; `conceal` takes the key out of a text."""

    def __init__(self, selection: Selection, conceal: Callable[[str], str]) -> None:
        self._provider = provider_of(selection.environment)
        self._bodies = {body.profile: body for body in selection.bodies}
        self._conceal = conceal
        self._found: dict[str, tuple[Problem, ...]] = {}

    def answered(self, profile: str, answer: Answer) -> None:
        """Take in the answer that a profile's session came with."""
        body = self._bodies[profile]
        found = deviations_of(body, self._provider, answer, self._conceal)
        if found:
            command = f"voxmint try PROFILE -e {body.environment}"
            self._found[profile] = tuple(problems_of(body, found, command))

    def problems(self) -> tuple[Problem, ...]:
        """What is not as it was asked for, each thing once, in the order of the profiles."""
        return gathered(
            problem for profile in self._bodies for problem in self._found.get(profile, ())
        )
