"""Bytes → plain values, by YAML 1.2's core schema and without places."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import yaml
from yaml._yaml import CParser

from voxmint.profiles.reader import LONG_TEXT, MAX_DEPTH, MAX_VALUES
from voxmint.profiles.scalars import is_surely_text, resolve
from voxmint.profiles.values import Scalar
from voxmint.shown import looks_like_key

_BOM = b"\xef\xbb\xbf"
_SCALAR, _ALIAS, _STREAM_END = yaml.ScalarEvent, yaml.AliasEvent, yaml.StreamEndEvent
_MAP_START, _MAP_END, _LIST_END = (
    yaml.MappingStartEvent,
    yaml.MappingEndEvent,
    yaml.SequenceEndEvent,
)


def read(data: bytes) -> Any:
    """The value of the one document in the bytes; `ValueError` where they are no such thing."""
    text = data.removeprefix(_BOM).decode("utf-8")
    if not text.isascii() and any(sign in text for sign in "\x85\u2028\u2029"):
        raise ValueError("an odd line break")
    if looks_like_key(text):
        raise ValueError("a key in a file")
    return _Reader(text).document()


@lru_cache(maxsize=4096)
def _resolved(text: str) -> Scalar:
    """The value of a plain scalar; the same few stand in file after file."""
    return text if is_surely_text(text) else resolve(text)


class _Reader:
    def __init__(self, text: str) -> None:
        self._values = 0
        self._next: Callable[[], Any] = CParser(text).get_event

    def document(self) -> Any:
        following = self._next
        following()
        following()
        value = self._value(following(), 0)
        following()
        if type(following()) is not _STREAM_END:
            raise ValueError("several documents")
        return value

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is _SCALAR:
            return self._scalar(event)
        if kind is _ALIAS or event.tag is not None or event.anchor is not None:
            raise ValueError("an alias, an anchor or a tag")
        if depth > MAX_DEPTH:
            raise ValueError("too deep")
        if kind is _MAP_START:
            return self._map(depth + 1)
        return self._list(depth + 1)

    def _map(self, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        following = self._next
        while type(event := following()) is not _MAP_END:
            key = self._scalar(event)
            if type(key) is not str or key in entries or key == "<<":
                raise ValueError(f"the key {key!r}")
            entries[key] = self._value(following(), depth)
        self._count(len(entries))
        return entries

    def _list(self, depth: int) -> list[Any]:
        items: list[Any] = []
        following = self._next
        while type(event := following()) is not _LIST_END:
            items.append(self._value(event, depth))
        self._count(len(items))
        return items

    def _scalar(self, event: Any) -> Any:
        if event.tag is not None or event.anchor is not None:
            raise ValueError("an anchor or a tag")
        text: str = event.value
        more = len(text) // LONG_TEXT
        if more:
            self._count(more)
        return text if event.style else _resolved(text)

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise ValueError("too many values")
