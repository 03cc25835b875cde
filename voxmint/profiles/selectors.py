"""Which profiles a list of names or a `where` selects.

`*` stands for anything, folders' `/` included, `?` for one character, `[…]` for one of several. A
pattern that begins with `!` takes out. A name is selected when a pattern takes it in (any name,
where all patterns take out) and none takes it out; the patterns' order has no meaning.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from fnmatch import translate
from functools import cache
from typing import NamedTuple
from unicodedata import normalize

from voxmint.problems import nearest
from voxmint.profiles.nodes import MapNode, Mark
from voxmint.profiles.values import Scalar, briefly

_GLOB = frozenset("*?[!")
_MOST_PARTS = 64


def in_one_form(name: str) -> str:
    """A name in the form that Unicode has for it (NFC): `é` can be written in two ways.

    Some file systems give the other one, and nobody sees the difference.
    """
    return name if name.isascii() else normalize("NFC", name)


def nearest_name(name: str, known: Collection[str]) -> dict[str, str]:
    """The fact `nearest`, where a name is meant by another one: by a file's path, or misspelt."""
    bare = name.removesuffix(".yaml").removesuffix(".yml")
    # Only the last ones: no name has more, and a text in a file may be made of nothing else.
    parts = bare.rsplit("/", _MOST_PARTS)[-_MOST_PARTS:]
    for begin in range(len(parts)):
        inner = "/".join(parts[begin:])
        if inner in known:
            return {"nearest": inner}
    return nearest(name, known)


def is_pattern(text: str) -> bool:
    """Whether the text is more than the name of one profile."""
    return not _GLOB.isdisjoint(text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Of a name that holds such a sign itself, the name is a pattern, too.
    itself = f"|{re.escape(pattern)}\\Z" if "[" in pattern else ""
    return re.compile(translate(pattern) + itself)


def matches(pattern: str, name: str) -> bool:
    """Whether one pattern, its `!` left aside, is that of the name."""
    return _compiled(pattern.removeprefix("!")).match(name) is not None


def selects(patterns: Sequence[str], name: str) -> bool:
    """Whether the patterns together select the name; none of them select nothing."""
    return bool(selected(patterns, (name,)))


def selected(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Those of the names that the patterns together select; no patterns select nothing."""
    if not patterns:
        return []
    taking_in = [pattern for pattern in patterns if not pattern.startswith("!")]
    taking_out = [pattern for pattern in patterns if pattern.startswith("!")]
    taken = _matching(taking_in, names) if taking_in else list(names)
    if not taking_out:
        return taken
    out = frozenset(_matching(taking_out, taken))
    return [name for name in taken if name not in out]


def _matching(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    if "*" in patterns:
        return list(names)  # as in most environments, of every profile there is
    ways = [_compiled(pattern.removeprefix("!")).match for pattern in patterns]
    return [name for name in names if any(way(name) for way in ways)]


def label_text(value: Scalar) -> str:
    """A label's value as it is compared and written on the command line: `true`, `3`, `gold`."""
    return in_one_form(value) if isinstance(value, str) else briefly(value)


class Where(NamedTuple):
    """What an overlay item is laid on: profiles with these labels and one of these names.

    For each label one of its values must fit; without labels and names every profile is selected.
    `mark` is its place, `written` what stands there.
    """

    labels: Mapping[str, tuple[str, ...]]
    names: tuple[str, ...] | None = None
    mark: Mark | None = None
    written: MapNode | None = None

    @property
    def is_everywhere(self) -> bool:
        """Whether every profile is selected: neither labels nor names are asked for."""
        return self.names is None and not self.labels

    def fits(self, name: str, labels: Mapping[str, Scalar]) -> bool:
        """Whether a profile of this name and these labels is selected."""
        for label, wanted in self.labels.items():
            if label not in labels or label_text(labels[label]) not in wanted:
                return False
        return self.names is None or selects(self.names, name)

    def __str__(self) -> str:
        """As a person reads it: `tier=gold, names call-center/*`."""
        parts = [f"{label}={'|'.join(values)}" for label, values in self.labels.items()]
        if self.names is not None:
            parts.append(" ".join(("names", *self.names)))
        return ", ".join(parts)


EVERYWHERE = Where({})
