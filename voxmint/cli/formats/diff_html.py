"""A difference as one page for a browser: it loads nothing, and reads the same without a script.

The policy in its head lets a browser run its own script and style, known by their digests, and
nothing else. Text from files is escaped by the template, and what nobody sees is written out here.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from voxmint.cli.display.pieces import Pieces
from voxmint.cli.display.screen import Screen
from voxmint.cli.display.widths import padded, width
from voxmint.cli.display.words import number
from voxmint.cli.formats.diff_matrix import Matrix, matrix_of
from voxmint.cli.formats.diff_told import (
    PARTLY_UNTOLD,
    UNTOLD,
    Edited,
    Effect,
    arrivals_of,
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
from voxmint.cli.formats.diff_words import edited, named, place, place_of, plainly, reach
from voxmint.cli.formats.graph_svg import STYLE, picture
from voxmint.cli.formats.graph_text import profile_rows
from voxmint.cli.formats.links import Links
from voxmint.engine.comparing import Comparison
from voxmint.origin import Origin
from voxmint.problems import Body, Problem, Severity
from voxmint.profiles.diff.result import ABSENT, Cause, CauseKind, Difference, Shadow, Side
from voxmint.profiles.graph import Graph, graph_of
from voxmint.shown import evident

_MOST_BOXES = 6
"""Of how many profiles that look alike in the picture each has a box of its own."""
_MOST_SHADOWS = 4
_FOLDER = "diff"


def write(
    screen: Screen, comparison: Comparison, links: Links, *, is_verbose: bool = False
) -> None:
    """Writes the page; where verbose with all ways of a change, and with problems of before."""
    screen.write(_rendered(_Page(comparison, links, is_verbose=is_verbose).content()))


def _rendered(content: Mapping[str, object]) -> str:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    style, script = _file("page.css") + STYLE, _file("page.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_file("page.html"))
    svg = content["picture"]
    return template.render(
        {
            **content,
            "policy": policy,
            # These three are ours: a file of the package, or escaped as they were drawn.
            "style": Markup(style),  # noqa: S704
            "script": Markup(script),  # noqa: S704
            "picture": Markup(svg),  # noqa: S704
        }
    )


def _file(name: str) -> str:
    from importlib.resources import files

    return (files("voxmint.cli") / "templates" / _FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode("ascii")


class _Place(NamedTuple):
    """A place, and where it leads."""

    text: str
    address: str | None


class _Reach(NamedTuple):
    """How many bodies, and their names where these are not told with it."""

    told: str
    names: str


class _Page:
    """Puts together what the template shows."""

    def __init__(self, comparison: Comparison, links: Links, *, is_verbose: bool) -> None:
        self._comparison = comparison
        self._difference = comparison.difference
        self._links = links
        self._is_verbose = is_verbose
        self._edits = edits_of(self._difference, is_verbose=is_verbose)
        self._numbers = {one.cause: at for at, one in enumerate(self._edits, 1)}

    def content(self) -> dict[str, Any]:
        """All of it, escaped but for HTML."""
        matrix = matrix_of(self._comparison, self._numbers)
        graph = self._graph()
        content: dict[str, Any] = {
            "summary": evident(summary(self._comparison)),
            "base": evident(state_name(self._comparison.base)),
            "head": evident(state_name(self._comparison.head)),
            "mint": next_mint(self._comparison, evident),
            "named": [
                {
                    "name": one.name,
                    "pieces": _pieces(one.pieces),
                    "remark": one.remark,
                    "reach": _reach(one.bodies),
                }
                for one in named_changes(self._comparison)
            ],
            "problems": list(self._new_problems()),
            "known_problems": list(self._known_problems()) if self._is_verbose else [],
            "problem_counts": "" if self._is_verbose else _problem_counts(self._difference),
            "most_shadows": _MOST_SHADOWS,
            "edits": [self._edit(one) for one in self._edits],
            "fates": list(self._fates()),
            "matrix": _matrix(matrix),
            "picture": "",
            "picture_note": "",
            "tree": "",
            "idle": list(self._idle()),
            "quiet": [
                {"file": evident(file), "what": what}
                for what, files in quiet_files(self._difference)
                for file in files
            ],
            "moved": list(self._moved()),
        }
        if graph.profiles or graph.environments:
            content |= self._picture(graph)
        return {**content, "parts": _parts(content)}

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    def _new_problems(self) -> Iterator[dict[str, object]]:
        listed = [
            one
            for one in self._difference.new
            if self._is_verbose or one.severity is not Severity.NOTE
        ]
        for one in sorted(listed, key=lambda one: not one.is_error):
            yield self._problem(one, one.severity.value, Side.HEAD)

    def _known_problems(self) -> Iterator[dict[str, object]]:
        for one in self._difference.gone:
            yield self._problem(one, f"gone {one.severity}", Side.BASE)
        for one in self._difference.old:
            yield self._problem(one, f"old {one.severity}", Side.HEAD)

    def _problem(self, one: Problem, told: str, side: Side) -> dict[str, object]:
        return {
            "severity": one.severity.value,
            "told": told,
            "code": one.code,
            "at": one.at and self._at(one.at, side),
            "message": evident(one.message),
            "hint": evident(one.hint) if one.hint else "",
            "reach": _reach(one.affects) if one.affects else None,
        }

    def _edit(self, one: Edited) -> dict[str, object]:
        shadowed = sum(len(shadow.bodies) for shadow in one.shadows)
        count = f"changes {number(len(one.bodies), 'body', 'bodies')}"
        return {
            "number": self._numbers[one.cause],
            "at": self._cause(one.cause),
            "what": _pieces(edited(one.cause)),
            "count": count + (f", no effect in {shadowed:,}" if shadowed else ""),
            "effects": [self._effect(effect) for effect in one.effects],
            "shadows": [self._shadow(shadow) for shadow in one.shadows],
        }

    def _effect(self, effect: Effect) -> dict[str, object]:
        ways = ""
        if effect.ways > 1:
            ways = f"in {effect.ways:,} ways, such as this in {named(effect.first, evident)}"
        return {
            "path": evident(effect.path),
            "pieces": _pieces(effect.pieces),
            "reach": _reach(effect.bodies),
            "ways": ways,
            "others": sorted(self._numbers[cause] for cause in effect.others),
        }

    def _shadow(self, shadow: Shadow) -> dict[str, object]:
        if shadow.by is None:
            return {"at": None, "why": evident(shadow.why), "reach": _reach(shadow.bodies)}
        where = selector_of(shadow)
        why = f"sets {plainly(shadow.value)}" + (f" where {where}" if where else "")
        return {
            "at": self._at(shadow.by, shadow.side),
            "why": evident(why),
            "reach": _reach(shadow.bodies),
        }

    def _fates(self) -> Iterator[dict[str, object]]:
        difference = self._difference
        for what, one in arrivals_of(self._comparison):
            yield {
                "what": what,
                "reach": _reach(one.bodies),
                "at": self._cause(one.cause),
                "pieces": _pieces(edited(one.cause)),
            }
        for renaming in difference.renamed:
            told = f"the {renaming.kind} {renaming.before} → {renaming.after}"
            yield {"what": "renamed", "reach": None, "told": evident(told), "at": None}
        fates = (
            ("invalid now", difference.invalid),
            ("valid now", difference.valid),
            ("still invalid", difference.broken),
        )
        for what, bodies in fates:
            if bodies:
                yield {"what": what, "reach": _reach(bodies), "at": None}

    def _idle(self) -> Iterator[dict[str, object]]:
        none = "changes no body"
        if not self._comparison.is_everything:
            none = "changes none of these bodies"
        for cause, shadows in dead_edits(self._difference).items():
            listed = [self._shadow(shadow) for shadow in shadows]
            why = PARTLY_UNTOLD if cause in self._difference.untold else ""
            yield {**self._dead(cause), "shadows": listed, "why": why}
        lists = (
            (self._difference.idle, none),
            (untold_edits(self._difference), UNTOLD),
        )
        for causes, why in lists:
            for cause in causes:
                yield {**self._dead(cause), "shadows": [], "why": why}

    def _dead(self, cause: Cause) -> dict[str, object]:
        return {"at": self._cause(cause), "what": _pieces(edited(cause))}

    def _moved(self) -> Iterator[dict[str, object]]:
        for one in self._difference.moved:
            yield {
                "path": evident(one.path),
                "value": evident(plainly(one.value)),
                "before": self._at(one.before, Side.BASE),
                "after": self._at(one.after, Side.HEAD),
                "reach": _reach(one.bodies),
            }

    # ── the picture ──────────────────────────────────────────────────────────────────────────────

    def _graph(self) -> Graph:
        """The graph of the head, as far as it was edited or its bodies change."""
        after = self._comparison.after
        marks = self._marks()
        reached = {profile for profile, _ in self._difference.changed}
        chosen = {
            name
            for name, one in after.profiles.items()
            if name in reached or one.document.file in marks
        }
        places = {place for _, place in after.attempted if place in after.environments}
        return graph_of(after.profiles, after.environments, chosen, places) if chosen else Graph()

    def _marks(self) -> dict[str, str]:
        """What was done to files, in a word."""
        difference = self._difference
        causes: list[Cause] = [one.cause for one in self._edits]
        causes += [one.cause for one in (*difference.added, *difference.removed)]
        causes += [*dead_edits(difference), *difference.idle, *difference.untold]
        marks = {cause.at.file: "edited" for cause in causes}
        for cause in causes:
            if cause.kind is CauseKind.FILE and cause.after is not ABSENT:
                marks[cause.at.file] = "new" if cause.before is ABSENT else "renamed"
        # A new file may also be told of with what extends it.
        before, after = self._comparison.before, self._comparison.after
        renamed = {(one.kind, one.after) for one in difference.renamed}
        for kind, known, documents in (
            ("profile", before.profile_names, after.profiles),
            ("environment", before.environment_names, after.environments),
        ):
            for name in (one for one in documents if one not in known):
                what = "renamed" if (kind, name) in renamed else "new"
                marks.setdefault(documents[name].document.file, what)
        return marks

    def _picture(self, graph: Graph) -> dict[str, str]:
        counts: dict[str, int] = {}
        for profile, _ in self._difference.changed:
            counts[profile] = counts.get(profile, 0) + 1
        marks = self._marks()
        tree = _tree(
            graph, {one.name: marks[one.file] for one in graph.profiles if one.file in marks}
        )
        return {
            "picture": picture(graph, marks, counts, most=_MOST_BOXES),
            "picture_note": "Bases are on the left. A thick frame is an edited file; a dashed one "
            "is abstract. A number is an overlay item, listed below.",
            "tree": tree,
        }

    # ── places ───────────────────────────────────────────────────────────────────────────────────

    def _cause(self, cause: Cause) -> _Place:
        return _Place(evident(place_of(cause)), self._links.to(cause.at, cause.side))

    def _at(self, at: Origin, side: Side) -> _Place:
        return _Place(evident(place(at)), self._links.to(at, side))


def _tree(graph: Graph, marks: Mapping[str, str]) -> str:
    """What the picture shows, as lines."""
    rows = list(profile_rows(graph))
    widest = max((width(name) for name, _ in rows), default=0)
    lines = []
    for name, about in rows:
        said = ", ".join(filter(None, (marks.get(name.strip()), about)))
        lines.append(f"{padded(name, widest)}   {said}".rstrip())
    return "\n".join(lines)


def _reach(bodies: Sequence[Body]) -> _Reach:
    told = reach(bodies, quoted=evident)
    names = named(bodies, evident)
    return _Reach(told, "" if told == names else names)


def _pieces(pieces: Pieces) -> list[dict[str, str]]:
    return [{"text": evident(one.text), "tone": one.tone.name} for one in pieces]


def _matrix(matrix: Matrix) -> dict[str, object]:
    return {
        "environments": list(map(evident, matrix.environments)),
        "note": matrix.note,
        "rows": [
            {
                "profile": evident(row.profile),
                "cells": [
                    {
                        "kind": cell.kind,
                        "told": cell.told,
                        "changes": [
                            {
                                "path": evident(one.path),
                                "pieces": _pieces(one.pieces),
                                "edits": one.edits,
                            }
                            for one in cell.changes
                        ],
                    }
                    for cell in row.cells
                ],
            }
            for row in matrix.rows
        ],
    }


def _problem_counts(difference: Difference) -> str:
    counts = [
        f"{number(len(listed), 'problem')} {told}"
        for listed, told in ((difference.gone, "gone"), (difference.old, "from before"))
        if listed
    ]
    return f"{', '.join(counts)}: `voxmint diff -v` lists them." if counts else ""


_PARTS: tuple[tuple[str, str, Callable[[dict[str, Any]], object]], ...] = (
    ("problems", "New problems", lambda content: content["problems"]),
    ("edits", "Edits", lambda content: content["edits"]),
    ("fates", "Bodies that come, go, or are wrong", lambda content: content["fates"]),
    ("matrix", "Profiles and environments", lambda content: content["matrix"]["rows"]),
    ("picture", "Who extends whom", lambda content: content["picture"]),
    ("idle", "Edits that change no body", lambda content: content["idle"] or content["quiet"]),
    ("moved", "Moved values", lambda content: content["moved"]),
    ("known", "Problems from before", lambda content: content["known_problems"]),
)


def _parts(content: dict[str, Any]) -> list[dict[str, str]]:
    """The parts that there are, for the links to them."""
    return [{"id": name, "title": title} for name, title, has in _PARTS if has(content)]
