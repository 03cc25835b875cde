"""What a compile leaves for that of another state, and what is made of it.

Apart from how it is made: a compile of one state needs none of that.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from voxmint.problems import Body, Problem
from voxmint.profiles.cells import MapCell
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.stages import AllChecked, AllRendered, Problems, Rendered, Stack, Stacks

if TYPE_CHECKING:
    from voxmint.profiles.remaking.notes import Note


class Earlier(NamedTuple):
    """What a compile leaves for that of another state.

    `bodies` are those in which nothing was found but `notes`; `is_calm` says that every directive
    that was merged changed something.
    """

    stacks: Mapping[Body, Stack]
    bodies: Mapping[Body, CompiledBody]
    notes: Sequence["Note"]
    is_calm: bool


NOTHING_EARLIER = Earlier({}, {}, (), is_calm=False)


class Remade(NamedTuple):
    """A body that was made from an earlier one."""

    stack: Stack
    made: CompiledBody
    failed: frozenset[int] = frozenset()

    @property
    def root(self) -> MapCell:
        return self.made.root

    @property
    def session(self) -> Mapping[str, Any]:
        return self.made.session

    @property
    def expires_after(self) -> Mapping[str, Any] | None:
        return self.made.expires_after


class AllRemade(NamedTuple):
    """The bodies that were made from earlier ones.

    `is_calm` says that every directive changes something that has a part in them, and that none
    did so only in an earlier body of which none was made.
    """

    bodies: Mapping[Body, Remade]
    problems: Problems
    is_calm: bool


NOTHING_REMADE = AllRemade({}, (), is_calm=False)


def all_made(
    stacks: Stacks, rendered: AllRendered, checked: AllChecked, remade: AllRemade
) -> tuple[Sequence[Rendered | Remade], AllChecked]:
    """What was rendered and what is right, with what was made from earlier bodies, in order."""
    if not remade.bodies:
        return rendered.bodies, checked
    others = {one.stack.body: one for one in rendered.bodies}
    made: list[Rendered | Remade] = []
    right: dict[Body, CompiledBody] = {}
    for stack in stacks.stacks:
        body = stack.body
        one = remade.bodies.get(body)
        made.append(one or others[body])
        if one is not None:
            right[body] = one.made
        elif body in checked.bodies:
            right[body] = checked.bodies[body]
    problems: tuple[Problem, ...] = (*checked.problems, *remade.problems)
    return made, AllChecked(right, problems, checked.located)
