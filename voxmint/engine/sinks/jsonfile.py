"""A JSON object as bytes: its members, and the same object with some of them changed.

Only the members asked about are touched; every other byte stays, spaces and line breaks included.
"""

import json
from collections.abc import Iterable, Mapping, Set
from typing import Any, NamedTuple, NoReturn

Value = str | int | Mapping[str, str | int]

_SPACE = " \t\r\n"
_STEP = "  "


class FlawError(ValueError):
    """What keeps the text from being added to: the line, counted from 1, and what it does."""

    def __init__(self, text: str, position: int, found: str) -> None:
        super().__init__(found)
        self.line = text.count("\n", 0, position) + 1
        self.found = found


class Member(NamedTuple):
    """A member of the object: `lead` and `trail` are the spaces round it, `raw` is the rest."""

    name: str
    value: Any
    lead: str
    raw: str
    trail: str


class Document(NamedTuple):
    """A text that is one object: what stands before and after its members."""

    before: str
    members: tuple[Member, ...]
    inner: str
    after: str


_EMPTY = Document("{", (), "", "}\n")


def parsed(existing: bytes) -> Document:
    """The file's object; of an empty file, an empty one. `FlawError` where it is none."""
    try:
        text = existing.decode()
    except UnicodeDecodeError as error:
        line = existing.count(b"\n", 0, error.start) * "\n"
        raise FlawError(line, len(line), "is not UTF-8") from None
    return _document(text) if text.strip() else _EMPTY


def _document(text: str) -> Document:
    start = _after_space(text, 0)
    if text[start] != "{":
        found = "begins with a byte order mark" if text[0] == "\ufeff" else "is not an object"
        raise FlawError(text, start, found)
    members: list[Member] = []
    position = start + 1
    inner = text[position : _after_space(text, position)]
    if text[position + len(inner) :].startswith("}"):
        end = position + len(inner)
    else:
        inner = ""
        end = _read_members(text, position, members)
    rest = _after_space(text, end + 1)
    if rest < len(text):
        raise FlawError(text, rest, "has more after the object")
    return Document(text[: start + 1], tuple(members), inner, text[end:])


def _read_members(text: str, position: int, members: list[Member]) -> int:
    """Reads members up to the brace that ends the object, whose position it gives."""
    seen: set[str] = set()
    while True:
        member, position = _member(text, position)
        if member.name in seen:
            raise FlawError(text, position, "has a name twice in one object")
        seen.add(member.name)
        members.append(member)
        sign = text[position : position + 1]
        if sign == "}":
            return position
        if sign != ",":
            raise FlawError(text, position, "is not JSON")
        position += 1


def _member(text: str, position: int) -> tuple[Member, int]:
    start = _after_space(text, position)
    try:
        if text[start : start + 1] != '"':
            raise FlawError(text, start, "is not JSON")
        name, after = _DECODER.raw_decode(text, start)
        colon = _after_space(text, after)
        if text[colon : colon + 1] != ":":
            raise FlawError(text, colon, "is not JSON")
        value, end = _DECODER.raw_decode(text, _after_space(text, colon + 1))
    except json.JSONDecodeError as error:
        raise FlawError(text, error.pos, "is not JSON") from None
    except RecursionError:
        raise FlawError(text, start, "is nested too deeply") from None
    next_sign = _after_space(text, end)
    member = Member(name, value, text[position:start], text[start:end], text[end:next_sign])
    return member, next_sign


def _refused(constant: str) -> NoReturn:
    raise json.JSONDecodeError(constant, "", 0)


# Numbers stay as they are written: only names are of interest, and ours are compared as texts.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=int, parse_constant=_refused)


def _after_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position


def merge_json(existing: bytes, entries: Mapping[str, Value], gone: Set[str]) -> bytes:
    """The object with these members set and those gone; `FlawError` where it cannot be.

    A member is set where it stands; one that is new comes last, in the order given. An object that
    loses all of its members stays, as an empty one.
    """
    document = parsed(existing)
    members = document.members
    kept = [_set(one, entries) for one in members if one.name in entries or one.name not in gone]
    if kept and kept[-1].name != members[-1].name:
        kept[-1] = kept[-1]._replace(trail=members[-1].trail)
    known = {one.name for one in kept}
    new = [(name, value) for name, value in entries.items() if name not in known]
    _append(kept, new, document)
    inner = ",".join(one.lead + one.raw + one.trail for one in kept)
    if not existing.strip() and not kept:
        return existing
    return f"{document.before}{inner or document.inner}{document.after}".encode()


def _set(member: Member, entries: Mapping[str, Value]) -> Member:
    if member.name not in entries or member.value == entries[member.name]:
        return member
    return member._replace(raw=_written(member.name, entries[member.name], member.lead))


def _append(kept: list[Member], new: Iterable[tuple[str, Value]], document: Document) -> None:
    first = document.members[0] if document.members else None
    lead = first.lead if first else "\n" + _STEP
    end = document.members[-1].trail if document.members else "\n"
    for name, value in new:
        if kept:
            kept[-1] = kept[-1]._replace(trail="")
        space = lead or (" " if kept else "")
        kept.append(Member(name, value, space, _written(name, value, space), end))


def _written(name: str, value: Value, lead: str) -> str:
    key = json.dumps(name, ensure_ascii=False)
    if not isinstance(value, Mapping):
        return f"{key}: {json.dumps(value, ensure_ascii=False)}"
    if "\n" not in lead:
        return f"{key}: {json.dumps(dict(value), ensure_ascii=False)}"
    indent = lead.rpartition("\n")[2]
    text = json.dumps(dict(value), ensure_ascii=False, indent=len(indent.expandtabs(4)) or 2)
    first, *inner, last = text.splitlines()
    deeper = indent + (indent or _STEP)
    return "\n".join((f"{key}: {first}", *(deeper + one.strip() for one in inner), indent + last))
