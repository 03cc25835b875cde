"""Documents with one thing changed, at every place and in every way that matters to a schema."""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from voxmint.origin import Path, dotted

TEMPLATE = "{{ vars.x }}"

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "a whole number": 7,
    "a fraction": 7.5,
    "a whole fraction": 7.0,
    "a negative number": -1,
    "zero": 0,
    "an enormous number": 10**15,
    "an empty text": "",
    "a text": "zzz",
    "a number in quotes": "7",
    "a template": TEMPLATE,
    "an empty list": [],
    "a list of texts": ["zzz"],
    "a list of the same text": ["zzz", "zzz"],
    "a list of numbers": [7],
    "a list of null": [None],
    "a list of lists": [["zzz"]],
    "a list of a template": [TEMPLATE],
    "a list of a directive": [{"$append": ["zzz"]}],
    "an empty map": {},
    "a map of an unknown key": {"zzz": 7},
    "$unset": {"$unset": True},
    "$unset: false": {"$unset": False},
    "$unset: 1": {"$unset": 1},
    "$unset: null": {"$unset": None},
    "$unset beside a key": {"$unset": True, "zzz": 7},
    "$unset beside $append": {"$unset": True, "$append": []},
    "$append": {"$append": ["zzz"]},
    "$append of nothing": {"$append": []},
    "$append of a number": {"$append": [7]},
    "$append of a text": {"$append": "zzz"},
    "$append of null": {"$append": None},
    "$append of a directive": {"$append": [{"$unset": True}]},
    "$append beside a key": {"$append": [], "zzz": 7},
    "a key beside $append": {"zzz": 7, "$append": []},
    "$append beside $replace": {"$append": [], "$replace": []},
    "$remove": {"$remove": ["zzz"]},
    "$remove of a number": {"$remove": [7]},
    "all directives of lists": {"$remove": [], "$prepend": [], "$append": []},
    "$replace of null": {"$replace": None},
    "$replace of a text": {"$replace": "zzz"},
    "$replace of a list": {"$replace": ["zzz"]},
    "$replace of a map": {"$replace": {"zzz": 7}},
    "$replace of a directive": {"$replace": {"$unset": True}},
    "$replace of $append": {"$replace": {"$append": []}},
    "$replace beside a key": {"$replace": 7, "zzz": 7},
    "an unknown directive": {"$zzz": 7},
    "a misspelt directive": {"$apend": ["zzz"]},
}
"""What any value is replaced by, by what that is called."""


class Mutation(NamedTuple):
    """A changed document: where it was changed, how, and what it is now."""

    path: Path
    change: str
    document: Any

    def __str__(self) -> str:
        return f"{dotted(self.path) or 'the file'}: {self.change}"


def mutations(document: Any) -> Iterator[Mutation]:
    """Every single change of a document."""
    for path in places(document):
        value = at(document, path)
        for change, other in VALUES.items():
            yield Mutation(path, change, replaced(document, path, other))
        yield Mutation(path, "$replace of itself", replaced(document, path, {"$replace": value}))
        if path:
            yield Mutation(path, "left out", without(document, path))
        yield from _grown(document, path, value)


def _grown(document: Any, path: Path, value: Any) -> Iterator[Mutation]:
    if isinstance(value, dict):
        for key in ("zzz", "name", "$zzz", "$unset", "$append"):
            yield Mutation(path, f"with {key}", replaced(document, path, {**value, key: True}))
    if isinstance(value, list):
        for change, item in VALUES.items():
            longer = [*value, item]
            yield Mutation(path, f"with {change}", replaced(document, path, longer))
        yield Mutation(path, "twice", replaced(document, path, [*value, *value]))


def places(document: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all values."""
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from places(value, (*path, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from places(value, (*path, index))


def at(document: Any, path: Path) -> Any:
    """The value at a path."""
    for part in path:
        document = document[part]
    return document


def replaced(document: Any, path: Path, value: Any) -> Any:
    """The document with another value at a path."""
    if not path:
        return value
    changed = copy.deepcopy(document)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def without(document: Any, path: Path) -> Any:
    """The document without the value at a path."""
    changed = copy.deepcopy(document)
    del at(changed, path[:-1])[path[-1]]
    return changed
