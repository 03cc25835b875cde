"""Keys and tokens that stand in a body: what they are, and where they must not be shown."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voxmint.origin import Path
from voxmint.profiles.fields import SESSION
from voxmint.profiles.importing import wording
from voxmint.profiles.importing.notes import Notes
from voxmint.profiles.importing.secrets import is_secret_name, surely, worth_knowing
from voxmint.profiles.importing.shapes import node_at
from voxmint.profiles.nodes import MapNode, Mark, Node, ScalarNode, texts_in


@dataclass(frozen=True, slots=True)
class Hidden:
    """Secrets, and the marks at which they stand, however they are written there."""

    texts: frozenset[str] = frozenset()
    marks: frozenset[Mark] = frozenset()

    def __or__(self, more: "Hidden") -> "Hidden":
        return Hidden(self.texts | more.texts, self.marks | more.marks)


def tokens_at(root: Node, paths: Iterable[Path]) -> Hidden:
    """The tokens of an answer, of which the paths are those that no request has."""
    return _hidden(node_at(root, path) for path in paths if path[-1] == "value")


def named_secrets(root: Node) -> Hidden:
    """Texts that stand under a name such as `api_key`."""
    return _hidden(_named(root, ""))


def note_keys(root: Node, secrets: frozenset[str], notes: Notes) -> Hidden:
    """Notes each text and each key of the body that holds a key, or one of the known secrets."""
    marks = [node.mark for node in texts_in(root) if surely(str(node.value), secrets)]
    marks += [mark for key, mark in _keys(root) if surely(key, secrets)]
    for mark in marks:
        notes.add(wording.KEY_IN_BODY, mark)
    return Hidden(marks=frozenset(marks))


def _hidden(nodes: Iterable[Node]) -> Hidden:
    given = [node for node in nodes if isinstance(node, ScalarNode) and node.value is not None]
    texts = worth_knowing(str(node.value) for node in given)
    return Hidden(texts, frozenset(node.mark for node in given))


def _named(node: Node, name: str) -> Iterator[ScalarNode]:
    if isinstance(node, MapNode):
        for key, value in node.entries.items():
            yield from _named(value, key if key not in SESSION.by_name else "")
    elif not isinstance(node, ScalarNode):
        for item in node.items:
            yield from _named(item, name)
    elif isinstance(node.value, str) and is_secret_name(name):
        yield node


def _keys(node: Node) -> Iterator[tuple[str, Mark]]:
    if isinstance(node, MapNode):
        yield from ((key, node.keys[key]) for key in node.entries)
        for value in node.entries.values():
            yield from _keys(value)
    elif not isinstance(node, ScalarNode):
        for item in node.items:
            yield from _keys(item)
