"""What every form of a difference tells, put in order: edit by edit, what each does and does not.

The sentences that are the same in all of them stand here, too: the summary, and the next mint.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from voxmint.cli.display.pieces import Pieces, spelt
from voxmint.cli.display.words import number
from voxmint.cli.formats.diff_words import MOST_ENVIRONMENTS, changed, is_wordy, place, plainly
from voxmint.engine.comparing import Comparison, Renewal
from voxmint.engine.durations import spoken
from voxmint.engine.states import State
from voxmint.engine.upstream.request import lifetime_of
from voxmint.problems import Body
from voxmint.profiles.diff.result import Arrival, Cause, Change, Difference, Group, Shadow
from voxmint.profiles.diff.values import frozen
from voxmint.shown import evident

UNTOLD = "only in bodies that are or were invalid"
PARTLY_UNTOLD = "nothing can be said of bodies that are or were invalid"

_MOST_VARIANTS = 3
"""How many different changes of one path by one edit are told one by one."""
_NAMED = {
    "input_audio_transcription.model": "model",
    "expires_after.seconds": "lifetime in seconds",
    "expires_after": "lifetime",
}
"""What is told again of the next mint: what costs differently, and what lives otherwise."""


class Layout(NamedTuple):
    """How much is told: each body, counts alone, all names."""

    is_full: bool = False
    is_stat: bool = False
    is_verbose: bool = False


class Effect(NamedTuple):
    """What an edit does to one value in some bodies.

    `ways` is how many different changes it stands for, `pieces` those of the first; `others` are
    edits that act together with it.
    """

    path: str
    pieces: Pieces
    is_wordy: bool
    bodies: tuple[Body, ...]
    first: tuple[Body, ...]
    others: tuple[Cause, ...] = ()
    ways: int = 1


class Edited(NamedTuple):
    """One edit, what it changes, and where it has no effect."""

    cause: Cause
    effects: tuple[Effect, ...]
    shadows: tuple[Shadow, ...]
    bodies: tuple[Body, ...]


def edits_of(difference: Difference, *, is_verbose: bool = False) -> list[Edited]:
    """The edits that change a body, those that reach most first; all changes where verbose."""
    by_cause: dict[Cause, list[Group]] = {}
    for group in difference.groups:
        by_cause.setdefault(group.cause, []).append(group)
    shadows = shadows_of(difference)
    found = [
        Edited(
            cause,
            tuple(_effects(groups, is_verbose=is_verbose)),
            tuple(shadows.get(cause, ())),
            _bodies_of(groups),
        )
        for cause, groups in by_cause.items()
    ]
    return sorted(found, key=lambda one: (-len(one.bodies), one.cause.order))


def shadows_of(difference: Difference) -> dict[Cause, list[Shadow]]:
    """Where each edit has no effect, though it is laid on the bodies."""
    found: dict[Cause, list[Shadow]] = {}
    for shadow in difference.shadowed:
        found.setdefault(shadow.cause, []).append(shadow)
    return found


def arrivals_of(comparison: Comparison) -> list[tuple[str, Arrival]]:
    """The bodies that come and go, by what is told of them: new ones may be wrong, too."""
    difference, sound = comparison.difference, comparison.after.bodies
    told = []
    for one in difference.added:
        parts = (
            ("added", [body for body in one.bodies if body in sound]),
            ("added, invalid", [body for body in one.bodies if body not in sound]),
        )
        told += [(what, Arrival(tuple(bodies), one.cause)) for what, bodies in parts if bodies]
    return [*told, *(("removed", one) for one in difference.removed)]


def quiet_files(difference: Difference) -> list[tuple[str, tuple[str, ...]]]:
    """The files that differ, with no edit that is told, by what it is that differs in them."""
    kinds = (
        ("in comments and layout alone", difference.layout),
        ("in the names of renamed files alone", difference.following),
        ("in bodies that are or were invalid, of which nothing can be said", difference.unread),
    )
    return [(what, files) for what, files in kinds if files]


def dead_edits(difference: Difference) -> dict[Cause, list[Shadow]]:
    """The edits that are laid on bodies and change none of them."""
    used = {group.cause for group in difference.groups}
    return {cause: one for cause, one in shadows_of(difference).items() if cause not in used}


def untold_edits(difference: Difference) -> list[Cause]:
    """The edits of which nothing is told at all, since their bodies are invalid."""
    told = shadows_of(difference)
    return [cause for cause in difference.untold if cause not in told]


def _bodies_of(groups: Iterable[Group]) -> tuple[Body, ...]:
    return tuple(sorted({body for group in groups for body in group.bodies}))


def _effects(groups: Sequence[Group], *, is_verbose: bool) -> Iterator[Effect]:
    by_path: dict[str, list[Group]] = {}
    for group in groups:
        by_path.setdefault(group.change.path, []).append(group)
    for path, listed in by_path.items():
        listed.sort(key=lambda group: (-len(group.bodies), group.bodies))
        alike = _alike(listed)
        if len(alike) > _MOST_VARIANTS and not is_verbose:
            ways = len({(frozen(one.change.before), frozen(one.change.after)) for one in listed})
            yield _effect(path, listed, ways)._replace(others=())
        else:
            yield from (_effect(path, groups) for groups in alike)


def _effect(path: str, groups: Sequence[Group], ways: int = 1) -> Effect:
    """What is told of several groups of one edit and one path, by the first of them."""
    first = groups[0]
    pieces, is_long = changed(first.change), is_wordy(first.change)
    bodies = _bodies_of(groups)
    return Effect(path, pieces, is_long, bodies, first.bodies[:1], first.others, ways)


def _alike(groups: Sequence[Group]) -> list[list[Group]]:
    """The groups that are told in the same words: an item taken out of several lists."""
    found: dict[tuple[object, ...], list[Group]] = {}
    for group in groups:
        found.setdefault((spelt(changed(group.change)), group.others), []).append(group)
    return list(found.values())


def bodies_of(difference: Difference) -> list[tuple[Body, list[tuple[Change, list[Cause]]]]]:
    """Each body that changes, with its own changes and what caused them."""
    found: dict[Body, dict[tuple[object, ...], tuple[Change, list[Cause]]]] = {}
    for group in difference.groups:
        change = group.change
        key = (change.path, frozen(change.before), frozen(change.after))
        for body in group.bodies:
            found.setdefault(body, {}).setdefault(key, (change, []))[1].append(group.cause)
    return [(body, list(found[body].values())) for body in sorted(found)]


def reason(shadow: Shadow) -> str:
    """Why an edit has no effect: the line that is stronger and what it sets, or in words."""
    if shadow.by is None:
        return evident(shadow.why)
    where = selector_of(shadow)
    selected = f" where {evident(where)}" if where else ""
    return f"{place(shadow.by)} sets {plainly(shadow.value)}{selected}"


def selector_of(shadow: Shadow) -> str:
    """Whom the stronger line selects, where it stands in an overlay: `tier=gold`; or empty."""
    return shadow.layer.partition(", where ")[2]


# ── the summary ──────────────────────────────────────────────────────────────────────────────────


def summary(comparison: Comparison) -> str:
    """What is the case, in a sentence."""
    difference = comparison.difference
    if comparison.is_same:
        return "Nothing changed: both have the same files."
    parts = list(_summed(difference))
    if not parts:
        return f"No body changes ({number(difference.bodies, 'body', 'bodies')} compared)."
    return f"{', '.join(parts)}."


def _summed(difference: Difference) -> Iterator[str]:
    causes = {group.cause for group in difference.groups}
    count, total = len(difference.changed), difference.bodies
    if causes:
        verb = "changes" if len(causes) == 1 else "change"
        yield f"{number(len(causes), 'edit')} {verb} {count:,} of {number(total, 'body', 'bodies')}"
        shadowed = {body for one in difference.shadowed if one.by for body in one.bodies}
        only = len(shadowed - difference.changed)
        if only:
            yield f"{only:,} more {'is' if only == 1 else 'are'} shadowed"
    added, removed = (
        sum(len(one.bodies) for one in arrivals)
        for arrivals in (difference.added, difference.removed)
    )
    counts = (
        (added, "is new", "are new"),
        (removed, "is gone", "are gone"),
        (len(difference.invalid), "becomes invalid", "become invalid"),
        (len(difference.valid), "becomes valid", "become valid"),
    )
    for count, one, many in counts:
        if count:
            noun = "" if causes else f" {'body' if count == 1 else 'bodies'}"
            yield f"{count:,}{noun} {one if count == 1 else many}"
    if difference.renamed:
        yield f"{number(len(difference.renamed), 'file')} renamed"


def state_name(state: State, quoted: Callable[[str], str] = evident) -> str:
    """What a state is called, and why it was chosen where nobody named it."""
    why = f" ({quoted(state.why)})" if state.why else ""
    lacks = "" if state.source is not None or state.commit is None else ", without a project"
    return f"{quoted(state.name)}{why}{lacks}"


# ── the next mint ────────────────────────────────────────────────────────────────────────────────


_VERBS = {"renewed": "renews", "minted": "adds", "pruned": "drops"}


def next_mint(comparison: Comparison, quoted: Callable[[str], str] = evident) -> str:
    """What the next mint does, in a few sentences; empty where nothing is new to it."""
    told = [_sessions(one, comparison.renewals, quoted) for one in _VERBS]
    does = ", ".join(one for one in told if one)
    stopped = [one for one in comparison.renewals if one.stopped]
    where = _environments(stopped, quoted)
    sentences = [f"The next mint {does}."] if does else []
    if stopped:
        sentences.append(f"Errors stop {'it' if does else 'the next mint'} in {where}.")
    if left := [one for one in comparison.renewals if one.left]:
        count = number(sum(one.left for one in left), "session")
        gone = "an environment that is gone" if len(left) == 1 else "environments that are gone"
        sentences.append(f"No mint drops the {count} of {_environments(left, quoted)}, {gone}.")
    return " ".join(sentences)


def _sessions(what: str, renewals: Sequence[Renewal], quoted: Callable[[str], str]) -> str:
    """How many sessions in which environments: `renews 30 sessions in staging and 19 in prod`."""
    counts = [(one.environment, getattr(one, what)) for one in renewals if getattr(one, what)]
    if not counts:
        return ""
    first, *others = counts
    if len(counts) > MOST_ENVIRONMENTS:
        total = number(sum(count for _, count in counts), "session")
        return f"{_VERBS[what]} {total} in {len(counts):,} environments"
    parts = [f"{number(first[1], 'session')} in {quoted(first[0])}"]
    parts += [f"{count:,} in {quoted(name)}" for name, count in others]
    return f"{_VERBS[what]} {_listed(parts)}"


def _environments(renewals: Sequence[Renewal], quoted: Callable[[str], str]) -> str:
    if len(renewals) > MOST_ENVIRONMENTS:
        return f"{len(renewals):,} environments"
    return _listed([quoted(one.environment) for one in renewals])


def _listed(parts: Sequence[str]) -> str:
    """The parts as a sentence lists them: `a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


class NamedChange(NamedTuple):
    """A change of what costs or lives otherwise, whatever caused it.

    `remark` flags a lifetime that does not outlive a deploy; it is empty for all others.
    """

    name: str
    pieces: Pieces
    bodies: tuple[Body, ...]
    remark: str = ""


def named_changes(comparison: Comparison) -> list[NamedChange]:
    """The changes of models and lifetimes."""
    found: dict[tuple[object, ...], tuple[Change, str, set[Body]]] = {}
    for group in comparison.difference.groups:
        change = group.change
        if change.path not in _NAMED:
            continue
        for body in group.bodies:
            remark = _too_short(comparison, body) if "expires_after" in change.path else ""
            key = (change.path, frozen(change.before), frozen(change.after), remark)
            found.setdefault(key, (change, remark, set()))[2].add(body)
    return [
        NamedChange(_NAMED[change.path], changed(change), tuple(sorted(bodies)), remark)
        for change, remark, bodies in found.values()
    ]


def _too_short(comparison: Comparison, body: Body) -> str:
    """A flag for a lifetime that is no longer than a deploy to the body's environment takes."""
    needed = comparison.deploys.get(body[1])
    if needed is None or lifetime_of(comparison.after.bodies[body]) > needed:
        return ""
    return f"too short for a deploy of {spoken(needed)}"
