"""A difference as a comment on a pull request: the summary, a table of edits, details folded."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from voxmint.cli.display.pieces import spelt
from voxmint.cli.display.screen import Screen
from voxmint.cli.display.words import number
from voxmint.cli.formats.diff_told import (
    PARTLY_UNTOLD,
    UNTOLD,
    Edited,
    Effect,
    Layout,
    arrivals_of,
    bodies_of,
    dead_edits,
    edits_of,
    named_changes,
    next_mint,
    quiet_files,
    selector_of,
    state_name,
    summary,
    untold_edits,
)
from voxmint.cli.formats.diff_words import changed, edited, place, place_of, plainly, reach
from voxmint.cli.formats.links import Links
from voxmint.cli.formats.markdown import (
    Section,
    code,
    drawn,
    fitted,
    folded,
    html_code,
    html_linked,
    linked,
    table,
    table_row,
)
from voxmint.engine.comparing import Comparison
from voxmint.problems import Body, Problem, Severity
from voxmint.profiles.diff.result import (
    ABSENT,
    Arrival,
    Cause,
    CauseKind,
    Change,
    Difference,
    Moved,
    Shadow,
    Side,
)

T = TypeVar("T")

MOST = 65_000
"""GitHub takes 65,536 characters; the rest is for a heading or a marker of whoever posts it."""
_MOST_NAMED = 12
"""Of more bodies than these, only the number is told."""
_MOST_SHADOWS = 8
_MOST_LISTED = 50
_LONG = 600
"""How many characters of a long text's change are shown."""
_NO_EFFECT = "*no effect*"
_USUAL = Layout()


def write(screen: Screen, comparison: Comparison, links: Links, layout: Layout = _USUAL) -> None:
    """Writes the difference, as much of it as a comment can hold."""
    screen.line(fitted(list(_sections(comparison, _Words(links, layout), layout)), MOST))


def _sections(comparison: Comparison, words: "_Words", layout: Layout) -> Iterator[Section]:
    difference = comparison.difference
    states = " → ".join(state_name(one, code) for one in (comparison.base, comparison.head))
    yield _text(f"**{summary(comparison)}**\n\n{states}")
    yield _problems(difference.new, words)
    edits = edits_of(difference, is_verbose=layout.is_verbose)
    yield _edits(edits, words, is_stat=layout.is_stat)
    yield _bodies(comparison, words)
    if not layout.is_stat:
        yield _idle(comparison, words)
        yield _moved(difference.moved, words)
    if layout.is_full:
        yield _each_body(difference, words)
    if layout.is_verbose:
        yield _known_problems("problem gone", "problems gone", difference.gone, words, Side.BASE)
        yield _known_problems("problem from before", "problems from before", difference.old, words)
    yield _mint(comparison, words)


def _text(text: str) -> Section:
    return Section(0, lambda _: text)


def _list(
    items: Sequence[T],
    draw: Callable[[T], str],
    made: Callable[[str], str],
    what: str,
    rank: int,
    most: int = _MOST_LISTED,
    many: str = "",
) -> Section:
    """Items in lines, as many as fit and no more than `most`, with a count of the others."""
    lines = drawn(items, draw)

    def written(count: int) -> str:
        if not items:
            return ""
        left = len(items) - count
        more = [f"- and {number(left, f'more {what}', many and f'more {many}')}"]
        return made("\n".join([*lines(count), *(more if left else [])]))

    return Section(min(len(items), most), written, rank)


class _Words:
    """Places and names as Markdown, with addresses as far as there are any."""

    def __init__(self, links: Links, layout: Layout) -> None:
        self._links = links
        self.is_verbose = layout.is_verbose

    def reach(self, bodies: Sequence[Body]) -> str:
        """Which bodies, or how many where there are many."""
        return reach(bodies, is_verbose=self.is_verbose, most=_MOST_NAMED, quoted=code)

    def cause(self, cause: Cause) -> str:
        """Where an edit is."""
        return linked(code(place_of(cause)), self._links.to(cause.at, cause.side))

    def html_cause(self, cause: Cause) -> str:
        """The same, where Markdown is not looked for."""
        return html_linked(html_code(place_of(cause)), self._links.to(cause.at, cause.side))

    def shadow(self, shadow: Shadow) -> str:
        """Why an edit has no effect."""
        if shadow.by is None:
            return code(shadow.why)
        where = selector_of(shadow)
        selected = f" where {code(where)}" if where else ""
        at = linked(code(place(shadow.by)), self._links.to(shadow.by, shadow.side))
        return f"{at} sets {code(plainly(shadow.value))}{selected}"

    def problem(self, problem: Problem, side: Side = Side.HEAD) -> str:
        """A problem in a line."""
        at = problem.at
        where = f" at {linked(code(place(at)), self._links.to(at, side))}" if at else ""
        affected = f", affects {self.reach(problem.affects)}" if problem.affects else ""
        said = code(problem.message, 400)
        return f"- {problem.severity} {code(problem.code)}{where}: {said}{affected}"

    def moved(self, moved: Moved) -> str:
        """A value that comes from another place."""
        before = linked(code(place(moved.before)), self._links.to(moved.before, Side.BASE))
        after = linked(code(place(moved.after)), self._links.to(moved.after, Side.HEAD))
        what = f"{code(moved.path)} {code(plainly(moved.value))}"
        return f"- {what}: {before} → {after}, {self.reach(moved.bodies)}"


# ── edits ────────────────────────────────────────────────────────────────────────────────────────


def _edits(edits: Sequence[Edited], words: _Words, *, is_stat: bool) -> Section:
    rows = drawn(edits, lambda one: table_row(_row(one, words)))
    details = drawn(() if is_stat else edits, lambda one: _detail(one, words))

    def written(count: int) -> str:
        if not edits:
            return ""
        heads = table(["edit", "what", "bodies", "no effect"], [], "bn")
        parts = ["\n".join([heads, *rows(count)])] * bool(count)
        return "\n\n".join([*parts, *details(count), *_left_out(edits[count:])])

    return Section(len(edits), written, rank=3)


def _left_out(edits: Sequence[Edited]) -> Iterator[str]:
    if not edits:
        return
    bodies = len({body for one in edits for body in one.bodies})
    verb = "changes" if len(edits) == 1 else "change"
    reached = number(bodies, "body", "bodies")
    yield (
        f"**{number(len(edits), 'more edit')}**, which {verb} {reached}, "
        f"{'is' if len(edits) == 1 else 'are'} left out here: `voxmint diff` shows all."
    )


def _row(one: Edited, words: _Words) -> list[str]:
    shadowed = sum(len(shadow.bodies) for shadow in one.shadows)
    return [
        words.cause(one.cause),
        code(spelt(edited(one.cause)), 120),
        f"{len(one.bodies):,}",
        f"{shadowed:,}" if shadowed else "",
    ]


def _detail(one: Edited, words: _Words) -> str:
    shadowed = sum(len(shadow.bodies) for shadow in one.shadows)
    counts = number(len(one.bodies), "body", "bodies")
    counts += f", {shadowed:,} without effect" if shadowed else ""
    what = html_code(spelt(edited(one.cause)), 120)
    rows = [_effect(effect, words) for effect in one.effects]
    rows += _shadows(one.shadows, words)
    title = f"{words.html_cause(one.cause)} {what}: {counts}"
    return folded(title, table(["value", "change", "bodies"], rows))


def _effect(effect: Effect, words: _Words) -> list[str]:
    where = words.reach(effect.bodies)
    if effect.ways > 1:
        where += f", in {effect.ways:,} ways, such as {words.reach(effect.first)}"
    if effect.others:
        places = list(dict.fromkeys(words.cause(cause) for cause in effect.others))
        others, more = places[:4], len(places[4:])
        where += f", together with {', '.join(others)}" + (f" and {more:,} more" if more else "")
    return [code(effect.path), code(spelt(effect.pieces), _LONG), where]


def _shadows(shadows: Sequence[Shadow], words: _Words) -> Iterator[list[str]]:
    most = len(shadows) if words.is_verbose else _MOST_SHADOWS
    for shadow in shadows[:most]:
        yield [_NO_EFFECT, words.shadow(shadow), words.reach(shadow.bodies)]
    rest = shadows[most:]
    if rest:
        bodies = number(sum(len(one.bodies) for one in rest), "body", "bodies")
        yield [_NO_EFFECT, number(len(rest), "other line"), bodies]


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────


def _problems(problems: Sequence[Problem], words: _Words) -> Section:
    """What is newly wrong, the errors first."""
    told = [one for one in problems if words.is_verbose or one.severity is not Severity.NOTE]
    ranked = sorted(told, key=lambda one: one.severity is not Severity.ERROR)
    errors = sum(one.is_error for one in told)
    counts = [number(errors, "new error")] * bool(errors)
    warnings = sum(one.severity is Severity.WARNING for one in told)
    counts += [number(warnings, "new warning")] * bool(warnings)
    notes = len(told) - errors - warnings
    counts += [number(notes, "new note")] * bool(notes)
    head = f"**{' and '.join(counts)}**"
    return _list(ranked, words.problem, lambda text: f"{head}\n\n{text}", "problem", rank=1)


def _known_problems(
    one: str, many: str, problems: Sequence[Problem], words: _Words, side: Side = Side.HEAD
) -> Section:
    """What is not new, folded."""
    title = number(len(problems), one, many)
    return _list(
        problems,
        lambda problem: words.problem(problem, side),
        lambda text: folded(title, text),
        "problem",
        rank=6,
    )


def _bodies(comparison: Comparison, words: _Words) -> Section:
    """Bodies that come and go, and that are wrong or right now."""
    difference = comparison.difference
    lines = [
        *(_arrival(what, one, words) for what, one in arrivals_of(comparison)),
        *(
            f"- renamed: the {one.kind} {code(one.before)} → {code(one.after)}"
            for one in difference.renamed
        ),
    ]
    fates = (
        ("invalid now", difference.invalid),
        ("valid now", difference.valid),
        ("still invalid", difference.broken),
    )
    lines += [f"- {what}: {words.reach(bodies)}" for what, bodies in fates if bodies]
    return _list(lines, str, lambda text: text, "line", rank=2)


def _arrival(what: str, arrival: Arrival, words: _Words) -> str:
    return f"- {what}: {words.reach(arrival.bodies)}, by {_what(arrival.cause, words)}"


def _each_body(difference: Difference, words: _Words) -> Section:
    """Each body with its own changes, folded."""
    listed = bodies_of(difference)
    title = f"each of {number(len(listed), 'body', 'bodies')}"
    return _list(
        listed,
        lambda one: _body(*one, words),
        lambda text: folded(title, text),
        "body",
        rank=7,
        most=len(listed),
        many="bodies",
    )


def _body(body: Body, own: Sequence[tuple[Change, list[Cause]]], words: _Words) -> str:
    changes = "; ".join(_own(change, causes, words) for change, causes in own)
    return f"- {words.reach([body])}: {changes}"


def _own(change: Change, causes: Sequence[Cause], words: _Words) -> str:
    places = ", ".join(dict.fromkeys(map(words.cause, causes)))
    return f"{code(change.path)} {code(spelt(changed(change)), _LONG)} by {places}"


def _idle(comparison: Comparison, words: _Words) -> Section:
    """What changes nothing, in a line each."""
    difference = comparison.difference
    none = "changes no body" if comparison.is_everything else "changes none of these bodies"
    lines = [
        f"- {_what(cause, words)}: no effect, {_dead(shadows, words)}"
        + (f"; {PARTLY_UNTOLD}" if cause in difference.untold else "")
        for cause, shadows in dead_edits(difference).items()
    ]
    lines += [f"- {_what(cause, words)}: {none}" for cause in difference.idle]
    lines += [f"- {_what(cause, words)}: {UNTOLD}" for cause in untold_edits(difference)]
    lines += [
        f"- {code(file)} differs {what}"
        for what, files in quiet_files(difference)
        for file in files
    ]
    verb = "changes" if len(lines) == 1 else "change"
    title = f"{number(len(lines), 'edit')} that {verb} no body"
    return _list(lines, str, lambda text: folded(title, text), "edit", rank=4)


def _dead(shadows: Sequence[Shadow], words: _Words) -> str:
    most = len(shadows) if words.is_verbose else 4
    told = [f"{words.shadow(one)} ({words.reach(one.bodies)})" for one in shadows[:most]]
    return "; ".join([*told, *(["…"] if len(shadows) > most else [])])


def _what(cause: Cause, words: _Words) -> str:
    told = spelt(edited(cause))
    is_fate = cause.kind is CauseKind.FILE and ABSENT in (cause.before, cause.after)
    return f"{words.cause(cause)} {told if is_fate else code(told)}"


def _moved(moved: Sequence[Moved], words: _Words) -> Section:
    title = f"{number(len(moved), 'value')} from another place"
    return _list(moved, words.moved, lambda text: folded(title, text), "value", rank=5)


def _mint(comparison: Comparison, words: _Words) -> Section:
    lines = [
        f"- {one.name} {code(spelt(one.pieces))}"
        + (f", **{one.remark}**" if one.remark else "")
        + f": {words.reach(one.bodies)}"
        for one in named_changes(comparison)
    ]
    sentence = next_mint(comparison, code)
    if not sentence:
        return _text("")
    if not lines:
        return _text(sentence)
    return _list(lines, str, lambda text: f"{sentence}\n\n{text}", "change", rank=0)
