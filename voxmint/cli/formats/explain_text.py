"""Explanations for a person: a page for each topic, or a line for each in a list of all."""

from collections.abc import Callable, Sequence
from functools import partial
from types import MappingProxyType

from voxmint.cli.display.pages import Row, show_list, show_paragraph, show_rows
from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.wording import pattern
from voxmint.cli.formats.explain_rows import (
    field_rows,
    file_of,
    key_rows,
    kind_rows,
    model_rows,
)
from voxmint.cli.topics import Topics, merged
from voxmint.problems import Severity
from voxmint.profiles.directives import ABOUT, EXAMPLES
from voxmint.profiles.explained import takes
from voxmint.profiles.models import Answer, Model

_COLOR = MappingProxyType(
    {Severity.ERROR: Style.RED, Severity.WARNING: Style.YELLOW, Severity.NOTE: Style.CYAN}
)

# ── pages ────────────────────────────────────────────────────────────────────────────────────────


def write_pages(screen: Screen, topics: Topics) -> None:
    """Writes a page for each topic, with an empty line between."""
    for index, write in enumerate(_pages(screen, topics)):
        if index:
            screen.line()
        write()


def _pages(screen: Screen, topics: Topics) -> Sequence[Callable[[], None]]:
    page = partial(_page, screen)
    return [
        *(
            partial(
                page, entry.path, "a field of the request", entry.field.about, field_rows(entry)
            )
            for entry in topics.fields
        ),
        *(
            partial(page, key.path, f"a key of {file_of(files)}", key.about, key_rows(key))
            for key, files in merged(topics.keys)
        ),
        *(
            partial(
                page,
                name,
                "a directive of the merge",
                ABOUT[name],
                [Row("example", [EXAMPLES[name]], is_code=True)],
            )
            for name in topics.directives
        ),
        *(
            partial(page, model.name, "a model", model.about, model_rows(model))
            for model in topics.models
        ),
        *(
            partial(
                page,
                kind.code,
                screen.paint(kind.severity.value, _COLOR[kind.severity], Style.BOLD),
                kind.about,
                kind_rows(kind, group),
            )
            for group in topics.groups
            for kind in group.kinds
        ),
    ]


def _page(screen: Screen, name: str, what: str, about: str, rows: Sequence[Row]) -> None:
    screen.line(f"{screen.paint(name, Style.BOLD)} · {what}")
    if about:
        screen.line()
        show_paragraph(screen, about)
    screen.line()
    show_rows(screen, rows)


# ── the list of all ──────────────────────────────────────────────────────────────────────────────


def write_overview(screen: Screen, topics: Topics) -> None:
    """Writes a line for each topic: the tree of fields, the keys of files, the codes by group."""
    fields = [
        (_branch(entry.at), f"{takes(entry.field)}. {entry.field.about}") for entry in topics.fields
    ]
    _section(screen, "The request, as a profile writes it", fields)
    for file in dict.fromkeys(key.file for key in topics.keys):
        there = [key for key in topics.keys if key.file == file]
        keys = [(_branch(tuple(key.path.split("."))), key.about) for key in there]
        _section(screen, f"Other keys of {file_of([file])}", keys)
    directives = [(name, ABOUT[name]) for name in topics.directives]
    _section(screen, "Directives of the merge", directives)
    _section(screen, "Models", [(one.name, _model_line(one)) for one in topics.models])
    for group in topics.groups:
        kinds = [(one.code, f"{one.severity}: {pattern(one.message)}") for one in group.kinds]
        _section(screen, f"Problems: {group.title}", kinds)
    show_paragraph(screen, "`voxmint explain` with one of these names says more of it")


def _branch(at: Sequence[object]) -> str:
    return "  " * (len(at) - 1) + str(at[-1])


def _model_line(model: Model) -> str:
    taken = [name for name, answer in model.takes.items() if answer is Answer.YES]
    unsure = (Answer.UNSURE, Answer.DISPUTED)
    doubted = [name for name, answer in model.takes.items() if answer in unsure]
    parts = (f"takes {', '.join(taken)}" if taken else "", f"in doubt: {', '.join(doubted)}")
    return "; ".join(part for part in (parts if doubted else parts[:1]) if part)


def _section(screen: Screen, title: str, items: Sequence[tuple[str, str]]) -> None:
    screen.line(screen.paint(title, Style.BOLD))
    show_list(screen, items)
    screen.line()
