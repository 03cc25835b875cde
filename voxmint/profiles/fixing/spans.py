"""A YAML text as its writer laid it out: which characters each entry and each item takes.

`read_document` gives values and forgets the layout; this keeps the layout and resolves nothing. The
events of libyaml's parser say what there is, the tokens of its scanner where the signs between
stand (`-`, `?`, `:`, `,`). All positions are indexes into the text.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # pragma: no cover  # only where PyYAML was built without libyaml
    from yaml import Loader as _Parser  # type: ignore[assignment]  # it gives the same events

_BLOCK_STYLES = ("|", ">")
_BLANK = " \t\r\n"


@dataclass(slots=True, eq=False)
class Written:
    """A node as it is written: a scalar, an alias, a map or a list.

    `end` is 0 where nothing is written. `says` is what the node is, apart from its parts. `of` is
    what an alias stands for. `inner` are the first and last index between the brackets of a
    collection in flow style.
    """

    start: int
    end: int
    says: tuple[object, ...]
    is_flow: bool = False
    inner: tuple[int, int] = (0, 0)
    parts: list["Part"] = field(default_factory=list)
    holder: "Part | None" = None
    of: "Written | None" = None


@dataclass(slots=True, eq=False)
class Part:
    """An entry of a map or an item of a list, from its first sign to its last.

    `key` is `None` for an item. `at` is the place of the key or of the item: line and column from
    1, as problems name it.
    """

    owner: Written
    at: tuple[int, int]
    start: int
    end: int
    key: Written | None
    value: Written


class Layout:
    """A text's one document with its parts; `yaml.YAMLError` for a text that is no YAML.

    The text is one that `read_document` has no problem with: that bounds its depth.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[Part] = []
        self.aliases: list[Written] = []
        self._signs = _signs(text)
        self._starts = [start for start, _, _ in self._signs]
        self._ends = [end for _, end, _ in self._signs]
        self._dashes = [end for _, end, kind in self._signs if kind is yaml.BlockEntryToken]
        self._anchors: dict[str, Written] = {}
        self._next: Callable[[], Any] = _Parser(text).get_event
        self._next()
        self._next()
        self.root = self._node(self._next())

    # ── signs ────────────────────────────────────────────────────────────────────────────────────

    def comma_after(self, index: int) -> tuple[int, int] | None:
        """The comma that is the next sign from an index on, if it is one."""
        following = bisect_left(self._starts, index)
        return self._sign(following, yaml.FlowEntryToken)

    def is_outside_of_signs(self, index: int) -> bool:
        """Whether the character at an index is a blank or belongs to a comment."""
        before = bisect_right(self._starts, index) - 1
        return before < 0 or self._ends[before] <= index

    def _sign(self, number: int, kind: type) -> tuple[int, int] | None:
        if not 0 <= number < len(self._signs):
            return None
        start, end, found = self._signs[number]
        return (start, end) if found is kind else None

    # ── nodes ────────────────────────────────────────────────────────────────────────────────────

    def _node(self, event: Any) -> Written:
        start, end = event.start_mark.index, event.end_mark.index
        if type(event) is yaml.AliasEvent:
            node = Written(
                start, end, ("alias", event.anchor), of=self._anchors.get(str(event.anchor))
            )
            self.aliases.append(node)
            return node
        if type(event) is yaml.ScalarEvent:
            node = self._scalar(event, start, end)
        else:
            node = self._collection(event, start)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _scalar(self, event: Any, start: int, end: int) -> Written:
        if event.style in _BLOCK_STYLES:
            # It reaches to the next line that is not blank.
            end = start + len(self.text[start:end].rstrip(_BLANK))
        says = ("scalar", event.value, event.tag, event.style or "", event.anchor)
        return Written(start, end if end > start else 0, says)

    def _collection(self, event: Any, start: int) -> Written:
        is_map = type(event) is yaml.MappingStartEvent
        says = ("map" if is_map else "list", event.tag, event.anchor)
        node = Written(start, 0, says, bool(event.flow_style))
        last = self._entries(node) if is_map else self._items(node)
        if last.end_mark.index > last.start_mark.index:
            node.inner = (event.end_mark.index, last.start_mark.index)
            node.end = last.end_mark.index
        elif node.parts:
            node.end = node.parts[-1].end
        return node

    def _entries(self, owner: Written) -> Any:
        while type(event := self._next()) is not yaml.MappingEndEvent:
            key = self._node(event)
            value = self._node(self._next())
            colon = self._sign(bisect_left(self._starts, key.end), yaml.ValueToken)
            end = max(key.end, value.end, colon[1] if colon else 0)
            self._add(Part(owner, _place(event), self._question(key.start), end, key, value))
        return event

    def _question(self, start: int) -> int:
        """Where an entry begins: at its key, or at the `?` before it."""
        question = self._sign(bisect_right(self._ends, start) - 1, yaml.KeyToken)
        return question[0] if question else start

    def _items(self, owner: Written) -> Any:
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            value = self._node(event)
            start, end = event.start_mark.index, value.end
            if not owner.is_flow:
                dash = self._dashes[bisect_right(self._dashes, start) - 1]
                start, end = dash - 1, max(dash, end)
            self._add(Part(owner, _place(event), start, end, None, value))
        return event

    def _add(self, part: Part) -> None:
        for node in (part.key, part.value):
            if node is not None:
                node.holder = part
        part.owner.parts.append(part)
        self.parts.append(part)


def holders(node: Written) -> Iterator[Part]:
    """The parts that a node stands in, the innermost first."""
    part = node.holder
    while part is not None:
        yield part
        part = part.owner.holder


def _signs(text: str) -> list[tuple[int, int, type]]:
    """The tokens of a text that take any characters: start, end and kind."""
    following = _Parser(text).get_token
    signs: list[tuple[int, int, type]] = []
    while (token := following()) is not None:
        start, end = token.start_mark.index, token.end_mark.index
        if end > start:
            signs.append((start, end, type(token)))
    return signs


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
