"""YAML texts as people lay them out: comments, blank lines, odd indentation, flow and block mixed.

Unlike `writing.py`, which writes given values in any style, this is about what stands around them.
"""

from collections.abc import Sequence

from hypothesis import strategies as st

SCALARS = (
    "1",
    "1.0",
    "true",
    "null",
    "~",
    "text",
    '"a # b"',
    "'it''s'",
    "{}",
    "[]",
    "æ語",
    "-x",
    "",
)
KEYS = ("a", "b", "c", "d", '"q r"', "'s'", "語", "$append", "k-1")
_FEW = st.sampled_from([False, False, False, True])


class Writer:
    """Draws one document, line by line."""

    def __init__(self, draw: st.DrawFn, *, anchors: bool) -> None:
        self._draw = draw
        self._anchors = anchors
        self._known: list[str] = []
        self._count = 0

    def document(self) -> str:
        draw = self._draw
        lines = [*self._noise(0), *(["---"] if draw(_FEW) else [])]
        if draw(_FEW):
            lines.append(self._flow_map(3) + self._tail())
        else:
            lines += self._map(draw(st.sampled_from([0, 0, 2])), 3)
        lines += [*self._noise(0), *(["..."] if draw(_FEW) else [])]
        text = draw(st.sampled_from(["\n", "\n", "\r\n"])).join(lines)
        return text + draw(st.sampled_from(["\n", ""])) if not text.endswith("\n") else text

    # ── what stands around ───────────────────────────────────────────────────────────────────────

    def _comment(self) -> str:
        self._count += 1
        return f"#{self._draw(st.sampled_from(['', ' ', chr(9)]))}c{self._count}: {{é"

    def _tail(self) -> str:
        """What ends a line: nothing, blanks, or a comment."""
        blanks = self._draw(st.sampled_from(["", "", "", " ", "  ", " \t"]))
        return blanks + self._comment() if blanks and self._draw(st.booleans()) else blanks

    def _noise(self, indent: int) -> list[str]:
        """Blank lines and comments between the others."""
        lines: list[str] = []
        for kind in self._draw(st.lists(st.sampled_from("bbcd"), max_size=2)):
            if kind == "b":
                lines.append(self._draw(st.sampled_from(["", "", "  "])))
            else:
                lines.append(" " * (indent if kind == "c" else 0) + self._comment())
        return lines

    # ── block style ──────────────────────────────────────────────────────────────────────────────

    def _map(self, indent: int, depth: int) -> list[str]:
        lines: list[str] = []
        for key in self._keys():
            lines += self._noise(indent)
            question = "? " if self._draw(_FEW) and self._draw(_FEW) else ""
            colon = "\n" + " " * indent + ":" if question else ":"
            first, *rest = self._value(indent, depth - 1)
            lines += f"{' ' * indent}{question}{key}{colon}{first}".split("\n")
            lines += rest
        return lines

    def _keys(self) -> list[str]:
        return self._draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True))

    def _list(self, indent: int, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(self._draw(st.integers(1, 3))):
            lines += self._noise(indent) if lines else []
            first, *rest = self._item(indent, depth - 1)
            lines += [f"{' ' * indent}-{first}", *rest]
        return lines

    def _item(self, indent: int, depth: int) -> list[str]:
        """An item; a map or a list in it may begin on its own line, behind the `-`."""
        if depth > 0 and self._draw(st.booleans()):
            blanks = self._draw(st.sampled_from([1, 1, 3]))
            inner = self._draw(st.sampled_from([self._map, self._list]))(indent + 1 + blanks, depth)
            while inner[0].strip(" \t")[:1] in {"", "#"}:
                inner.pop(0)
            return [" " * blanks + inner[0].lstrip(" "), *inner[1:]]
        return self._value(indent, depth)

    def _value(self, indent: int, depth: int) -> list[str]:
        """What follows a `:`, and the lines below it."""
        draw = self._draw
        kinds = ["scalar", "scalar", "flow", "literal", "plain", *["map", "list"] * (depth > 0)]
        is_again: bool = draw(st.booleans())
        if self._known and is_again:
            return [f" *{draw(st.sampled_from(self._known))}{self._tail()}"]
        anchor = self._anchor()
        lines = self._written(draw(st.sampled_from(kinds)), anchor, indent, depth)
        # Only now: within itself an alias would be a loop.
        self._known += [anchor.removeprefix(" &")] if anchor else []
        return lines

    def _written(self, kind: str, anchor: str, indent: int, depth: int) -> list[str]:
        draw = self._draw
        match kind:
            case "map":
                deeper = indent + draw(st.sampled_from([1, 2, 2, 4]))
                return [anchor + self._tail(), *self._map(deeper, depth)]
            case "list":
                deeper = indent + draw(st.sampled_from([1, 2, 4]))
                return [anchor + self._tail(), *self._list(deeper, depth)]
            case "flow":
                written = draw(st.sampled_from([self._flow_map, self._flow_list]))(depth)
                first, *rest = f"{anchor} {written}".split("\n")
                rest = [" " * (indent + 1) + line for line in rest]
                return [first + self._tail(), *rest] if not rest else [first, *rest]
            case "literal":
                sign = draw(st.sampled_from(["|", ">", "|-", "|+"]))
                inner = " " * (indent + 2)
                blank = draw(st.sampled_from([[], [""], ["", ""]]))
                return [f"{anchor} {sign}{self._tail()}", f"{inner}# no comment", *blank]
            case "plain":
                return [f"{anchor} plain", f"{' ' * (indent + 1)}- more{self._tail()}"]
        return [self._scalar(anchor)]

    def _scalar(self, anchor: str) -> str:
        tag = " !!str" if self._draw(_FEW) and self._draw(_FEW) else ""
        return f"{anchor}{tag} {self._draw(st.sampled_from(SCALARS[:8]))}{self._tail()}"

    def _anchor(self) -> str:
        if not self._anchors or self._draw(_FEW):
            return ""
        self._count += 1
        return f" &n{self._count}"

    # ── flow style ───────────────────────────────────────────────────────────────────────────────

    def _flow_map(self, depth: int) -> str:
        parts = [f"{key}: {self._flow_value(depth - 1)}" for key in self._keys()]
        return self._bracketed("{", parts, "}")

    def _flow_list(self, depth: int) -> str:
        count = self._draw(st.integers(1, 3))
        return self._bracketed("[", [self._flow_value(depth - 1) for _ in range(count)], "]")

    def _flow_value(self, depth: int) -> str:
        if depth > 0 and self._draw(_FEW):
            return self._draw(st.sampled_from([self._flow_map, self._flow_list]))(depth)
        return self._draw(st.sampled_from([*SCALARS[:11], "two words", "x: 1", "&z 2"][:12]))

    def _bracketed(self, opening: str, parts: list[str], closing: str) -> str:
        text = opening + self._gap()
        for number, part in enumerate(parts):
            is_last = number == len(parts) - 1
            comma = "" if is_last and self._draw(st.booleans()) else ","
            text += part + self._gap(wide=False) + comma + self._gap()
        return text + closing

    def _gap(self, *, wide: bool = True) -> str:
        gaps = ["", " "] if not wide else ["", " ", " ", "  ", "\n", f" {self._comment()}\n"]
        gaps += [f"\n {self._comment()}\n\n"] if wide else []
        return self._draw(st.sampled_from(gaps))


@st.composite
def layouts(draw: st.DrawFn, *, anchors: bool = False) -> str:
    """A document of YAML in some layout; not every one is sound."""
    return Writer(draw, anchors=anchors).document()


def comments(text: str) -> list[str]:
    """The comments of a layout that have a line of their own, in order."""
    lines = (line.strip(" \t\r") for line in text.split("\n"))
    return [line for line in lines if line.startswith("#") and line != "# no comment"]


def is_within(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether one is what is left of the other when some of it is taken out."""
    rest = iter(whole)
    return all(one in rest for one in part)
