"""A YAML map as bytes: its entries, and the same map with some of them changed.

Only the lines of the entries asked about are touched; every other byte stays, comments included.
An entry is written on one line, its text in double quotes, so that YAML 1.1 and 1.2 read the same.
"""

import json
import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, NamedTuple

import yaml

from voxmint.engine.sinks.jsonfile import FlawError, Value

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[/-][A-Za-z0-9_]+)*")
_WORDS = frozenset("y n yes no on off true false null nan inf".split())
"""What a reader could take for something else than a text."""


class Item(NamedTuple):
    """An entry of the map: the lines that it spans, as offsets, and what it holds.

    `value` is `None` where it is not one of the forms that are written here.
    """

    name: str
    start: int
    end: int
    value: Value | None


def items(existing: bytes) -> tuple[str, list[Item]]:
    """The file's text, without a byte order mark, and its entries; `FlawError` if it is no map."""
    try:
        text = existing.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = existing.count(b"\n", 0, error.start) * "\n"
        raise FlawError(line, len(line), "is not UTF-8") from None
    root = _root(text)
    if root is None or (isinstance(root, yaml.ScalarNode) and not root.value):
        return text, []
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise FlawError(text, root.start_mark.index, "is not a map with a line for each key")
    found = list(_items(text, root))
    if len({one.name for one in found}) < len(found):
        raise FlawError(text, root.start_mark.index, "begins a map that has a key twice")
    return text, found


def _root(text: str) -> yaml.Node | None:
    loader = None
    try:
        loader = _LOADER(text)
        root: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FlawError(text, mark.index if mark else 0, "is not one YAML document") from None
    except (yaml.YAMLError, ValueError):
        raise FlawError(text, 0, "holds characters that YAML does not allow") from None
    except RecursionError:
        raise FlawError(text, 0, "is nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()
    return root


def _items(text: str, root: yaml.MappingNode) -> Iterator[Item]:
    starts = [text.rfind("\n", 0, key.start_mark.index) + 1 for key, _ in root.value]
    bounds = [*starts[1:], root.end_mark.index]
    for (key, value), start, bound in zip(root.value, starts, bounds, strict=True):
        if text[start : key.start_mark.index].strip():
            raise FlawError(text, start, "has a key that is not alone on its line")
        yield Item(str(key.value), start, _end(text, start, bound, _last(value)), _value(value))


def _end(text: str, start: int, bound: int, last: int) -> int:
    """Where an entry ends: with its line's end, before comments and empty lines that follow it.

    `last` is where its value ends. What an alias stands for ends elsewhere, so that is not all.
    """
    lines = text[start:bound].splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    shown = start + sum(map(len, lines))
    return max(shown, _end_of_line(text, last)) if start < last <= bound else shown


def _last(node: yaml.Node) -> int:
    """Where the last character of a value is; a map's own end comes after what follows it."""
    last = node
    while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    return int(last.end_mark.index)


def _end_of_line(text: str, position: int) -> int:
    if position and text[position - 1] == "\n":
        return position
    return text.find("\n", position) + 1 or len(text)


def _value(node: yaml.Node) -> Value | None:
    """What stands there, if it is of the forms that are written here."""
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if not isinstance(node, yaml.MappingNode):
        return None
    inner = {str(key.value): _scalar(value) for key, value in node.value}
    plain = {name: value for name, value in inner.items() if value is not None}
    return plain if plain.keys() == inner.keys() else None


def _scalar(node: yaml.Node) -> str | int | None:
    if not isinstance(node, yaml.ScalarNode):
        return None
    text = str(node.value)
    if not node.style and re.fullmatch("0|[1-9][0-9]{0,18}", text):
        return int(text)
    return text


def merge_yaml(existing: bytes, entries: Mapping[str, Value], gone: Set[str]) -> bytes:
    """The map with these entries set and those gone; `FlawError` where it cannot be.

    An entry is set where it stands; one that is new comes last, in the order given.
    """
    text, known = items(existing)
    missing = dict(entries)
    pieces: list[str] = []
    position = 0
    for item in known:
        pieces.append(text[position : item.start])
        position = item.end
        if item.name in missing:
            value = missing.pop(item.name)
            same = item.value == value
            pieces.append(
                text[item.start : item.end]
                if same
                else _indent(text, known) + _line(item.name, value)
            )
        elif item.name in entries or item.name not in gone:
            pieces.append(text[item.start : item.end])
    pieces += _added(missing, text, position, known)
    merged = "".join(pieces)
    _check(text, merged, entries, gone)
    mark = existing[:3] if existing.startswith(b"\xef\xbb\xbf") else b""
    return mark + merged.encode()


def _added(
    missing: Mapping[str, Value], text: str, position: int, known: list[Item]
) -> Iterator[str]:
    """New entries after the last one, or after all that a file without any holds."""
    at = position if known else len(text)
    before = text[position:at] if not known else ""
    so_far = text[:at]
    yield before
    if missing and so_far and not so_far.endswith("\n"):
        yield "\n"
    indent = _indent(text, known)
    for name, value in missing.items():
        yield indent + _line(name, value)
    yield text[at:]


def _indent(text: str, known: list[Item]) -> str:
    first = text[known[0].start :] if known else ""
    return first[: len(first) - len(first.lstrip(" "))]


def _line(name: str, value: Value) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)}: {_text(one)}" for key, one in value.items())
        return f"{_key(name)}: {{{inner}}}\n"
    return f"{_key(name)}: {_text(value)}\n"


def _key(name: str) -> str:
    is_plain = _PLAIN.fullmatch(name) and name.lower() not in _WORDS
    return name if is_plain else json.dumps(name, ensure_ascii=False)


def _text(value: str | int) -> str:
    return json.dumps(value, ensure_ascii=False)


def _check(text: str, merged: str, entries: Mapping[str, Value], gone: Set[str]) -> None:
    """That the result says what it is meant to, and of everything else what was said before."""
    _, before = items(text.encode())
    _, after = items(merged.encode())
    own = entries.keys() | gone
    kept = [text[one.start : one.end].rstrip("\n") for one in before if one.name not in own]
    found = [merged[one.start : one.end].rstrip("\n") for one in after if one.name not in own]
    set_now = {one.name: one.value for one in after if one.name in own}
    if kept != found or set_now != dict(entries):
        raise FlawError(text, 0, "is written in a way that nothing can be added to it safely")
