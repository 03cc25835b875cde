"""Every kind of problem that compiling can find, in groups, for `explain` and the reference."""

from typing import NamedTuple

from voxmint.problems import Kind
from voxmint.profiles import rules, wording
from voxmint.profiles.importing import wording as importing
from voxmint.profiles.policies import wording as policies


class Group(NamedTuple):
    """Kinds that have something in common; `page` is where in docs/ more is said, if anywhere."""

    title: str
    kinds: tuple[Kind, ...]
    page: str = ""


_COMPOSITION = "composition.md"
_SECTIONS = (
    (wording.MISSING_FILE, "Files", ""),
    (wording.BAD_YAML, "YAML", ""),
    (wording.UNKNOWN_KEY, "The shape of a file", ""),
    (wording.MODEL_NOT_DEPLOYED, "Providers", "providers.md"),
    (wording.UNKNOWN_PROFILE, "Composition", _COMPOSITION),
    (wording.UNKNOWN_DIRECTIVE, "Merging", _COMPOSITION),
    (wording.DEAD_OVERRIDE, "What never has an effect", _COMPOSITION),
    (wording.TEMPLATE_SYNTAX, "Templates", _COMPOSITION),
)
"""The sections of `wording`, each by its first kind."""


def _sections() -> tuple[Group, ...]:
    starts = [wording.KINDS.index(first) for first, _, _ in _SECTIONS]
    ends = [*starts[1:], len(wording.KINDS)]
    return tuple(
        Group(title, wording.KINDS[start:end], page)
        for (_, title, page), start, end in zip(_SECTIONS, starts, ends, strict=True)
    )


GROUPS: tuple[Group, ...] = (
    *_sections(),
    Group("Rules of the API", rules.KINDS),
    Group("Policies", policies.KINDS, "policies.md"),
    Group("Importing", importing.KINDS, "import.md"),
)
