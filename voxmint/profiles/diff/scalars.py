"""The short way to the causes of a change from a scalar to a scalar, as nearly all changes are.

Where a body has the same layers in the same places in both states, what was edited in those that
have a say in the value tells its causes, and in the vars that its templates name.
"""

from collections.abc import Sequence, Set

from voxmint.origin import Path
from voxmint.profiles.diff.deltas import Delta
from voxmint.profiles.diff.edits import Edits
from voxmint.profiles.diff.matching import Matching
from voxmint.profiles.diff.pairs import Pair
from voxmint.profiles.diff.result import ABSENT, Cause
from voxmint.profiles.diff.values import SCALARS, is_below, is_same
from voxmint.profiles.diff.written import Said, Slots, Written, in_order
from voxmint.profiles.documents import Layer

_SHORT = SCALARS | {list, type(ABSENT)}
"""The types of what may have come, gone or changed, where a map is none of it."""


class ScalarCauses:
    """Finds the causes of changes of single values, as far as layers alone tell them."""

    def __init__(self, matching: Matching, edits: Edits) -> None:
        self._matching = matching
        self._edits = edits
        self._written = Written(matching, edits)
        self._same_profiles: dict[str, bool] = {}
        self._of_vars: dict[Layer, list[Path]] = {
            layer: paths
            for layer, listed in edits.statements.items()
            if (paths := [edit.path for edit in listed if edit.path[:1] in ((), ("vars",))])
        }

    def of(self, pair: Pair, delta: Delta) -> tuple[Cause, ...] | None:
        """The causes; `None` where it takes more to find them, and never none."""
        if type(delta.before) not in _SHORT or type(delta.after) not in _SHORT:
            return None
        if not self._matching.is_aligned(*pair.stacks):
            return None
        said = self._written.of(delta.path, pair.after.layers)
        # What is written and not there fell away, or was taken away: that is more than it says.
        is_absent = delta.before is ABSENT, delta.after is ABSENT
        if said is None or said.is_silent != is_absent:
            return None
        found = said.causes
        if said.is_rendered:
            rendered = self._rendered_from(pair, said)
            if rendered is None:
                return None
            found = in_order((*found, *rendered)) if rendered else found
        return found or None

    def _rendered_from(self, pair: Pair, said: Said) -> Sequence[Cause] | None:
        """The edits of what templates name, besides their own; `None` in doubt."""
        is_same_profile = self._is_same_profile(pair)
        edited = self._edited_vars(pair)
        if is_same_profile and not edited:
            return ()
        layers = pair.after.layers
        slots = self._named(said, layers, edited if is_same_profile else None)
        if slots is None or (slots.is_about_profile and not is_same_profile):
            return None
        found: list[Cause] = []
        for name in sorted(slots.names):
            if any(is_below(name, edit) for edit in edited):
                of_var = self._written.of(name, layers)
                if of_var is None or True in of_var.is_silent:
                    return None
                found += of_var.causes
        return found

    def _edited_vars(self, pair: Pair) -> Set[Path]:
        """The paths of the edits of vars that are in any of the layers."""
        of_vars = self._of_vars
        if not of_vars or all(map(of_vars.keys().isdisjoint, pair.stacks)):
            return frozenset()
        return {edit for layers in pair.stacks for one in layers for edit in of_vars.get(one, ())}

    def _named(self, said: Said, layers: Sequence[Layer], edited: Set[Path] | None) -> Slots | None:
        """What templates name in either state, through other vars, too; `None` in doubt.

        Those are not looked at where it is only asked for vars that were `edited`, and the
        templates themselves name all of these.
        """
        slots = said.slots
        if slots is None:
            return None
        names = slots.names
        is_enough = edited is not None and all(
            any(is_below(name, edit) for name in names) for edit in edited
        )
        return slots if is_enough else self._written.behind(slots, layers)

    def _is_same_profile(self, pair: Pair) -> bool:
        """Whether what templates know of the profile is the same in both states."""
        name = pair.after.profile
        known = self._same_profiles.get(name)
        if known is None:
            one, other = pair.base.profile, pair.head.profile
            document = other.document
            is_edited = document in self._edits.descriptions or document in self._edits.renamed
            known = not is_edited and is_same(one.labels, other.labels)
            self._same_profiles[name] = known
        return known
