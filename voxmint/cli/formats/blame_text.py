"""Where values come from, for a person: the body in order, each line with its place."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import padded, width
from voxmint.origin import Origin
from voxmint.profiles.blame import Absent, Setting, Traced
from voxmint.profiles.scalars import is_text
from voxmint.profiles.values import Plain, briefly
from voxmint.shown import shown

_INDENT = "  "
_WORD = re.compile(r"[\w./-]+")
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Blame:
    """The values of one body, or of a part of it, and what it leaves to the server.

    `order` are the parts of the request, as the body has them one after the other.
    """

    profile: str
    environment: str
    values: tuple[Traced, ...]
    absent: tuple[Absent, ...]
    order: tuple[str, ...]


class _Row(NamedTuple):
    """A line: a name (indented below its group), a value, a place, and what else is to be said."""

    group: str
    name: str
    value: str
    place: str
    remark: str
    is_old: bool = False


def write(screen: Screen, blame: Blame, *, is_all: bool) -> None:
    """Writes the values in the order of the request; with `is_all`, what they overrode beneath."""
    defaults = {one.path: one.default for one in blame.absent}
    rows = [row for one in blame.values for row in _rows(one, defaults, is_all=is_all)]
    told = {one.path for one in blame.values}
    rows += [_absent(one) for one in blame.absent if one.path not in told]
    # Sorting keeps the order of what is equal: values first, and then what is not set.
    rows.sort(key=lambda row: blame.order.index(row.group))
    names = max((width(_name(row)) for row in rows), default=0)
    values = max((width(row.value) for row in rows), default=0)
    places = max((width(row.place) for row in rows if row.remark), default=0)
    for group, members in groupby(rows, lambda row: row.group):
        listed = list(members)
        if listed[0].name:
            screen.line(screen.paint(shown(group), Style.BOLD))
        for row in listed:
            _write_row(screen, row, names, values, places)


def _write_row(screen: Screen, row: _Row, names: int, values: int, places: int) -> None:
    place = padded(row.place, places) if row.remark else row.place
    line = "  ".join((padded(_name(row), names), padded(row.value, values), place, row.remark))
    if row.is_old:
        begin = len(padded(_name(row), names)) + 2
        _write_old(screen, line, begin, begin + len(row.value))
        return
    is_dim = row.value == _NOTHING
    screen.line(screen.paint(line.rstrip(), Style.DIM) if is_dim else line.rstrip())


def _write_old(screen: Screen, line: str, begin: int, end: int) -> None:
    """Writes what was overridden: struck out, and said to be so where nothing can be struck out."""
    struck = screen.paint(line[begin:end], Style.DIM, Style.STRUCK)
    before, after = line[:begin], line[end:].rstrip()
    screen.line(screen.paint(before, Style.DIM) + struck + screen.paint(after, Style.DIM))


def _name(row: _Row) -> str:
    return _INDENT + row.name if row.name else row.group


def _rows(traced: Traced, defaults: Mapping[str, str], *, is_all: bool) -> Iterator[_Row]:
    group, _, name = traced.path.partition(".")
    setting = traced.setting
    value = _plainly(traced.value) if setting.is_there else _NOTHING
    default = "" if setting.is_there else defaults.get(traced.path, "")
    remarks = [
        _layer(setting) + (f": the server's default, {default}" if default else ""),
        _directive(setting),
        _variables(traced),
        _sent_as(traced),
    ]
    if traced.overrode and not is_all:
        remarks.append(_over(traced.overrode))
    remark = ", ".join(one for one in remarks if one)
    yield _Row(group, shown(name), value, _at(setting.at), remark)
    used = traced.used_by_super
    for index, old in enumerate(traced.overrode if is_all else ()):
        fate = "used by super()" if index < used else "overridden"
        remarks = [_layer(old) if old.is_there else "", _directive(old), fate]
        remark = ", ".join(one for one in remarks if one)
        is_old = index >= used
        yield _Row(group, shown(name), _written(old), _at(old.at), remark, is_old=is_old)


def _layer(setting: Setting) -> str:
    """What the place alone does not say: why the value is not there, or whom an overlay selects."""
    if not setting.is_there:
        return shown(setting.why)
    _, _, where = setting.layer.partition(", where ")
    return f"where {shown(where)}" if where else ""


def _directive(setting: Setting) -> str:
    return f"by {shown(setting.directive)}" if setting.directive and setting.is_there else ""


def _variables(traced: Traced) -> str:
    used = [f"{shown(one.name)} {_at(one.at)}" for one in traced.variables]
    return f"with {', '.join(used)}" if used else ""


def _sent_as(traced: Traced) -> str:
    one = traced.sent_as
    return f"sent as {_plainly(one.value)} {_at(one.at)}" if one is not None else ""


def _over(overrode: tuple[Setting, ...]) -> str:
    first, *others = overrode
    more = f" and {len(others)} more" if others else ""
    what = _written(first) if first.is_there else f"what {_was_taken(first)}"
    return f"over {what} {_at(first.at)}{more}"


def _written(setting: Setting) -> str:
    if setting.is_there:
        return _plainly(setting.value)
    return "unset" if setting.why == "unset" else "fell away"


def _was_taken(setting: Setting) -> str:
    return "was unset" if setting.why == "unset" else "fell away"


def _plainly(value: Plain) -> str:
    """A value as a profile would write it: a word without quotes."""
    is_word = isinstance(value, str) and _WORD.fullmatch(value) and is_text(value)
    return shown(str(value) if is_word else briefly(value))


def _at(at: Origin) -> str:
    return f"{shown(at.file)}:{at.line}"


def _absent(absent: Absent) -> _Row:
    group, _, name = absent.path.partition(".")
    default = absent.default or "which is not published"
    return _Row(group, name, _NOTHING, f"not set: the server's default, {default}", "")
