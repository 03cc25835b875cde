"""The parts of sentences that a difference is told in: values, changes, places, how many bodies."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from voxmint.cli.display.pieces import Piece, Pieces, Tone
from voxmint.cli.display.widths import cut
from voxmint.cli.display.word_diff import word_diff
from voxmint.cli.display.words import MOST_NAMES, number
from voxmint.origin import Origin
from voxmint.problems import Body
from voxmint.profiles.diff.result import ABSENT, Cause, CauseKind, Change, Side, State
from voxmint.profiles.diff.values import frozen
from voxmint.profiles.fields import REQUEST, Field
from voxmint.profiles.scalars import is_text
from voxmint.profiles.values import Plain, briefly
from voxmint.shown import evident

NOT_SET = "not set"
MOST_ENVIRONMENTS = 8
"""Of more environments than these, only their number is told."""

_WORD = re.compile(r"[$\w./*-]+")
_MOST_COLUMNS = 60
_ARROW = Piece(" → ")
_BETWEEN = Piece("  ")
_LONG = 24
"""Where one of two texts has more characters, they are compared word by word."""


def plainly(value: State) -> str:
    """A value in a line, as a profile would write it; never the same for two states."""
    return cut(evident(_flow(value)), _MOST_COLUMNS)


def _flow(value: State) -> str:
    if value is ABSENT:
        return NOT_SET
    if isinstance(value, Mapping):
        if value == {"$unset": True}:
            return "$unset"
        inner = ", ".join(f"{_key(key)}: {_flow(one)}" for key, one in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    is_word = isinstance(value, str) and _WORD.fullmatch(value) and is_text(value)
    return str(value) if is_word else briefly(value)


def _key(key: str) -> str:
    return key if _WORD.fullmatch(key) else briefly(key)


def changed(change: Change) -> Pieces:
    """What became of a value: `0.5 → 0.6`, word by word for a text, by element for a list."""
    before, after = change.before, change.after
    if is_wordy(change):
        return word_diff(str(before), str(after))
    if isinstance(before, list) and isinstance(after, list):
        return _elements(before, after)
    return _state(change.path, before), _ARROW, _state(change.path, after)


def is_wordy(change: Change) -> bool:
    """Whether a change is told word by word, and so takes more room than others."""
    texts = [one for one in (change.before, change.after) if isinstance(one, str)]
    return len(texts) == 2 and max(map(len, texts)) > _LONG


def _state(path: str, value: State) -> Piece:
    if value is not ABSENT:
        return Piece(plainly(value))
    field = field_at(path)
    default = f" (the server's default, {field.default})" if field and field.default else ""
    return Piece(NOT_SET + default, Tone.UNSET)


def field_at(path: str) -> Field | None:
    """The field that a change's path leads to."""
    parts = path.split(".")
    field: Field | None = REQUEST.by_name.get("session")
    if parts[0] in REQUEST.by_name:
        field = REQUEST
    for part in parts:
        field = field.by_name.get(part) if field else None
    return field


def _elements(before: Sequence[Plain], after: Sequence[Plain]) -> Pieces:
    """What was taken out of a list and put into it; both lists where that does not say it all."""
    old, new = [frozen(item) for item in before], [frozen(item) for item in after]
    gone = [item for item, key in zip(before, old, strict=True) if key not in new]
    come = [item for item, key in zip(after, new, strict=True) if key not in old]
    if not (gone or come) or not (before and after):
        return Piece(plainly(before)), _ARROW, Piece(plainly(after))
    items = [*(Piece(plainly(item), Tone.LESS) for item in gone)]
    items += [Piece(plainly(item), Tone.MORE) for item in come]
    return tuple(piece for item in items for piece in (_BETWEEN, item))[1:]


# ── causes ───────────────────────────────────────────────────────────────────────────────────────


def place(at: Origin) -> str:
    """A place, as an editor opens it."""
    return f"{evident(at.file)}:{at.line}"


def place_of(cause: Cause) -> str:
    """Where an edit is; one that left nothing behind is told by where it was."""
    was = " (before)" if cause.side is Side.BASE and cause.kind is not CauseKind.FILE else ""
    return evident(cause.at.file) if cause.kind is CauseKind.FILE else place(cause.at) + was


def edited(cause: Cause) -> Pieces:
    """What was edited there: `threshold 0.5 → 0.6`."""
    match cause.kind:
        case CauseKind.FILE:
            return (Piece(_file(cause)),)
        case CauseKind.OVERLAY | CauseKind.BLOCK | CauseKind.POLICY if cause.layer and ABSENT in (
            cause.before,
            cause.after,
        ):
            return (Piece(f"{evident(cause.layer)} {_fate(cause)}"),)
        case CauseKind.ORDER:
            return (Piece(f"overlay in another order: {_reordered(cause)}"),)
        case CauseKind.VALUE:
            name = cause.path.rpartition(".")[2]
        case _:
            name = cause.path
    change = Change("", cause.before, cause.after)
    return Piece(f"{evident(name)} "), *changed(change)


def _reordered(cause: Cause) -> str:
    """The overlay items that changed places, by whom they select, before and after."""
    before, after = (
        [str(item).partition(", ")[2] or "everybody" for item in items]
        if isinstance(items, list)
        else []
        for items in (cause.before, cause.after)
    )
    for end in (0, -1):
        while before and after and before[end] == after[end]:
            del before[end], after[end]
    return " → ".join(cut(evident(", ".join(one)), _MOST_COLUMNS) for one in (before, after))


def _file(cause: Cause) -> str:
    if cause.before is ABSENT:
        return "the file is new"
    if cause.after is ABSENT:
        return "the file is gone"
    return f"the file was {evident(str(cause.before))}"


def _fate(cause: Cause) -> str:
    return "added" if cause.before is ABSENT else "removed"


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────


def reach(
    bodies: Sequence[Body],
    *,
    is_verbose: bool = False,
    most: int = MOST_NAMES,
    quoted: Callable[[str], str] = evident,
) -> str:
    """Which bodies: by name where there are few, else how many in each environment.

    `quoted` makes a name fit to be shown.
    """
    if len(bodies) <= most or is_verbose:
        return named(bodies, quoted)
    counts: dict[str, int] = {}
    for _, environment in bodies:
        counts[environment] = counts.get(environment, 0) + 1
    first, *others = counts.items()
    parts = [f"{number(first[1], 'profile')} in {quoted(first[0])}"]
    if not others:
        return parts[0]
    if len(counts) > MOST_ENVIRONMENTS and not is_verbose:
        return f"{number(len(bodies), 'body', 'bodies')} in {len(counts):,} environments"
    parts += [f"{count:,} in {quoted(name)}" for name, count in others]
    return f"{number(len(bodies), 'body', 'bodies')}: {', '.join(parts)}"


def named(bodies: Iterable[Body], quoted: Callable[[str], str] = evident) -> str:
    """The bodies by name; profiles of the same environments together."""
    environments: dict[str, list[str]] = {}
    for profile, environment in bodies:
        environments.setdefault(profile, []).append(environment)
    groups: dict[tuple[str, ...], list[str]] = {}
    for profile, listed in environments.items():
        groups.setdefault(tuple(listed), []).append(profile)
    return "; ".join(
        f"{', '.join(map(quoted, there))} in {', '.join(map(quoted, where))}"
        for where, there in groups.items()
    )
