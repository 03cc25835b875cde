"""`voxmint textconv`: a YAML file as lines that git can compare, a value with its path in each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.world import World
    from voxmint.profiles.nodes import Node, ScalarNode

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$/")
"""What a name may have that is written without quotes: no dot, which stands between names."""


def textconv(file: str, world: "World") -> int:
    """Writes the file's values; as it is, where it is no YAML that a project could hold."""
    from voxmint.profiles.reader import MAX_BYTES, read_document
    from voxmint.shown import evident, shown_lines

    path = world.cwd / file
    data = _content(path, MAX_BYTES)
    document = read_document(file, data)
    if document.root is None or document.problems:
        text = shown_lines(data.decode("utf-8", "replace"))
        world.out.write(text if text.endswith("\n") or not text else text + "\n")
        return 0
    for line in lines_of(document.root):
        world.out.line(evident(line))
    return 0


def _content(path: Path, limit: int) -> bytes:
    from voxmint.problems import UsageError
    from voxmint.shown import shown

    if path.is_dir():
        raise UsageError(f"`{shown(str(path))}` is a folder", "name a file")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise UsageError(f"`{shown(str(path))}` has more than {limit} bytes", "that is no profile")
    return data


def lines_of(node: "Node", path: str = "") -> Iterator[str]:
    """A line for each value, with its path; of a text with several lines, one for each of them.

    Items of a list bear no number, so that a new one does not change the lines of the others.
    """
    from voxmint.profiles.nodes import ListNode, MapNode

    if isinstance(node, MapNode) and node.entries:
        for key, inner in node.entries.items():
            yield from lines_of(inner, f"{path}.{_name(key)}" if path else _name(key))
    elif isinstance(node, ListNode) and node.items:
        for item in node.items:
            yield from lines_of(item, f"{path}[]")
    elif isinstance(node, MapNode | ListNode):
        yield f"{path}: {'{}' if isinstance(node, MapNode) else '[]'}".removeprefix(": ")
    else:
        yield from (f"{path}{rest}".removeprefix(": ") for rest in _texts(node))


def _name(key: str) -> str:
    return key if key and _BARE.issuperset(key) else json.dumps(key, ensure_ascii=False)


def _texts(node: "ScalarNode") -> Iterator[str]:
    value = node.value
    if isinstance(value, str) and "\n" in value:
        yield ": |"
        yield from (f" | {line}".rstrip() for line in value.split("\n"))
    else:
        yield f": {json.dumps(value, ensure_ascii=False)}"


@command_named(
    "textconv",
    "git config diff.voxmint.textconv 'voxmint textconv'       # for yourself, once",
    "echo 'profiles/**/*.yaml diff=voxmint' >> .gitattributes  # for the team, once",
    "git diff main",
)
@click.argument("file", metavar="FILE")
def command(world: "World", file: str) -> int:
    """Show a YAML file as lines for git, each a value with its whole path.

    So that `git diff`, `log -p` and `show` name what changed, and leave comments and layout out. A
    file by itself says nothing of bodies: for those there is `voxmint diff`. Nothing but the file
    is read, and a file that is no YAML is shown as it is.
    """
    return textconv(file, world)
