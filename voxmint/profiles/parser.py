"""Takes the parts of a file apart: each is what it should be, or it is noted and left out.

What the parts of a profile, an environment and a project are called is said in `parse`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from types import MappingProxyType

from voxmint.origin import Origin
from voxmint.problems import Kind, Problem, nearest
from voxmint.profiles import wording
from voxmint.profiles.directives import REPLACE, UNSET, check_directives, has_directives
from voxmint.profiles.documents import Layer, LayerKind, Reference
from voxmint.profiles.fields import REQUEST, Field, Type
from voxmint.profiles.meant import belongs, in_a_map, meant_scalar, spaced
from voxmint.profiles.nodes import BAD, ListNode, MapNode, Mark, Node, ScalarNode, kind_of
from voxmint.profiles.reader import MAX_BYTES, MAX_PROBLEMS, Document
from voxmint.profiles.selectors import EVERYWHERE, Where, in_one_form, label_text
from voxmint.profiles.templates.template import is_template
from voxmint.profiles.values import described
from voxmint.shown import key_places

LAYER_KEYS = ("session", "vars", "expires_after")
"""The keys of what is laid over each other."""

EMPTY = MapNode({}, {}, (1, 1, 0))
"""What stands where a file has nothing."""


class TooManyProblemsError(Exception):
    """The rest of the file is not looked at; `problems` are all that are told of it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__()
        self.problems = problems


class Parser:
    """Collects the problems of one file while its parts are taken out of it."""

    def __init__(self, document: Document) -> None:
        self.file = document.file
        self.problems: list[Problem] = list(document.problems)
        self._flaws = 0
        self._inner = _inner_problems(document)
        self.problems += [
            Problem(wording.LITERAL_KEY, Origin(document.file, *mark))
            for mark in key_places(document.text)[:MAX_PROBLEMS]
        ]

    def note(self, kind: Kind, mark: Mark, facts: Mapping[str, object]) -> None:
        at = Origin(self.file, *mark)
        if len(self.problems) >= MAX_PROBLEMS:
            last = Problem(wording.TOO_MANY_PROBLEMS, at, {"limit": MAX_PROBLEMS})
            raise TooManyProblemsError((*self.problems, last))
        self.problems.append(Problem(kind, at, dict(facts)))

    # ── parts of voxmint's own ───────────────────────────────────────────────────────────────────

    def root(self, document: Document, owner: str, keys: tuple[str, ...]) -> MapNode:
        """The file's root as a map with only the keys that it can have."""
        root = document.root
        if not isinstance(root, MapNode):
            if root is not None:
                self.wrong_type(owner, "a map", root)
            return EMPTY
        return self.known(root, owner, keys)

    def known(self, node: MapNode, owner: str, keys: tuple[str, ...]) -> MapNode:
        """The map without the keys that nobody knows, which are noted."""
        if all(map(keys.__contains__, node.entries)):
            return node
        unknown = [key for key in node.entries if key not in keys]
        for key in unknown:
            if key == "name" and owner in ("profile", "environment"):
                self.note(wording.NAME_KEY, node.keys[key], {"owner": owner})
                continue
            self.note(wording.UNKNOWN_KEY, node.keys[key], _unknown_facts(key, owner, keys))
        return _without(node, unknown)

    def wrong_type(self, field: str, expected: str, node: Node, key: Mark | None = None) -> None:
        """A value of the wrong type; `key` is where its key stands, if it has one."""
        facts: dict[str, object] = {"field": field, "expected": expected, "found": _found(node)}
        if isinstance(node, ScalarNode) and node.value is None and key is not None:
            facts |= {"found": "nothing"} if node.is_bare else {}
            facts |= _instead_of_nothing(field, expected)
            self.note(wording.WRONG_TYPE, key if node.is_bare else node.mark, facts)
            return
        self.note(wording.WRONG_TYPE, node.mark, {**facts, **_meant(field, expected, node)})

    def text(self, node: MapNode, key: str) -> str | None:
        value = node.entries.get(key)
        if value is None:
            return None
        if isinstance(value, ScalarNode) and isinstance(value.value, str):
            return value.value
        self.wrong_type(key, "a text", value, node.keys[key])
        return None

    def flag(self, node: MapNode, key: str) -> bool:
        value = node.entries.get(key)
        if value is None:
            return False
        if isinstance(value, ScalarNode) and isinstance(value.value, bool):
            return value.value
        self.wrong_type(key, "true or false", value, node.keys[key])
        return False

    def map(self, node: MapNode, key: str) -> MapNode | None:
        value = node.entries.get(key)
        if value is None or isinstance(value, MapNode):
            return value
        self.wrong_type(key, "a map", value, node.keys[key])
        return None

    def list(self, node: MapNode, key: str) -> ListNode | None:
        value = node.entries.get(key)
        if value is None or isinstance(value, ListNode):
            return value
        self.wrong_type(key, "a list", value, node.keys[key])
        return None

    def references(self, node: MapNode, key: str) -> tuple[Reference, ...]:
        """A text or a list of texts, each with its place."""
        value = node.entries.get(key)
        if value is None:
            return ()
        found: list[Reference] = []
        for item in value.items if isinstance(value, ListNode) else (value,):
            if isinstance(item, ScalarNode) and isinstance(item.value, str):
                found.append(Reference(in_one_form(item.value), item.mark))
            elif isinstance(value, ListNode):
                facts = {"field": key, "found": _found(item), **_meant(key, "a text", item)}
                self.note(wording.WRONG_ITEM, item.mark, facts)
            else:
                self.wrong_type(key, "a text, or a list of texts", item, node.keys[key])
        return tuple(found)

    def bases(self, node: MapNode) -> tuple[Reference, ...]:
        """What `extends` names, each once."""
        once: dict[str, Reference] = {}
        for reference in self.references(node, "extends"):
            if reference.name in once:
                self.note(wording.SAME_BASE_TWICE, reference.mark, {"name": reference.name})
            once.setdefault(reference.name, reference)
        return tuple(once.values())

    def labels(self, node: MapNode) -> MapNode | None:
        """The labels, each a scalar or a directive; what is neither is noted and left out.

        All of them may be a directive, too: `$replace` with a map of labels, or `$unset`.
        """
        labels = self.map(node, "labels")
        return None if labels is None else self._labels(labels)

    def _labels(self, labels: MapNode) -> MapNode | None:
        if has_directives(labels):
            if not check_directives(labels, self.note) or not self._gives_map("labels", labels):
                return None
            fresh = labels.entries.get(REPLACE)
            inner = self._labels(fresh) if isinstance(fresh, MapNode) else None
            return labels if fresh is None else inner and _replacing(labels, inner)
        wrong = [key for key in labels.entries if not self._is_label(labels, key)]
        return _without(labels, wrong) if wrong else labels

    def _is_label(self, labels: MapNode, key: str) -> bool:
        value = labels.entries[key]
        if isinstance(value, MapNode) and has_directives(value):
            if not check_directives(value, self.note):
                return False
            value = value.entries.get(REPLACE) or value.entries.get(UNSET) or value
        expected = "a text, a number, true or false"
        return self._is_label_value(key, value, expected, labels.keys[key])

    def _is_label_value(self, key: str, node: Node, expected: str, mark: Mark | None) -> bool:
        """Whether a label can have the value, which is written out: no template is rendered."""
        if not isinstance(node, ScalarNode) or node.value is None:
            self.wrong_type(f"labels.{key}", expected, node, mark)
            return False
        if isinstance(node.value, str) and is_template(node.value):
            said = "templates are not rendered here: write the value itself"
            self.note(wording.BAD_SETTING, node.mark, {"field": f"labels.{key}", "said": said})
            return False
        return True

    def sound(self, node: MapNode, key: str, before: int) -> MapNode:
        """The map; without the key, where something came up since there were so many problems."""
        return node if len(self.problems) == before else _without(node, [key])

    def settings(self, node: MapNode, key: str) -> MapNode | None:
        """A map of settings, whose values are checked once they are merged."""
        settings = self.map(node, key)
        kept = None if settings is None else self._kept(settings, None, key)
        # What is wrong with all of it is said at its key.
        return kept._replace(mark=node.keys[key]) if isinstance(kept, MapNode) else None

    def where(self, node: MapNode) -> Where:
        where = self.map(node, "where")
        if where is None:
            return EVERYWHERE
        where = self.known(where, "where", ("labels", "names"))
        names = tuple(reference.name for reference in self.references(where, "names"))
        labels = self._without_directives(self.map(where, "labels") or EMPTY, "where.labels")
        wanted = {key: self._label_values(labels, key) for key in labels.entries}
        given = names if "names" in where.entries else None
        return Where(MappingProxyType(wanted), given, where.mark, where)

    def _without_directives(self, node: MapNode, owner: str) -> MapNode:
        """A map that is not merged, without directives, which are noted."""
        directives = [key for key in node.entries if key.startswith("$")]
        for key in directives:
            facts = {"key": key, "owner": f"`{owner}`", "directive": key}
            self.note(wording.UNKNOWN_KEY, node.keys[key], facts)
        return _without(node, directives) if directives else node

    def _label_values(self, labels: MapNode, key: str) -> tuple[str, ...]:
        node = labels.entries[key]
        items, mark = (node.items, None) if type(node) is ListNode else ((node,), labels.keys[key])
        expected = "a text, a number, true or false, or a list of them"
        return tuple(
            label_text(item.value)
            for item in items
            if self._is_label_value(key, item, expected, mark) and isinstance(item, ScalarNode)
        )

    # ── layers ───────────────────────────────────────────────────────────────────────────────────

    def layer(self, kind: LayerKind, name: str, node: MapNode, detail: str = "") -> Layer:
        """The part of a map that is laid over others, with only well-formed keys in it."""
        entries: dict[str, Node] = {}
        for key in LAYER_KEYS:
            if key not in node.entries:
                continue
            kept = self._kept(node.entries[key], REQUEST.by_name.get(key), key)
            if not isinstance(kept, MapNode):
                self._no_map(key, kept, node.keys[key])
            elif self._gives_map(key, kept):
                entries[key] = kept
        keys = {
            key: mark
            for key, mark in node.keys.items()
            if key in LAYER_KEYS or key not in node.entries
        }
        tree = MapNode(entries, keys, node.mark)
        return Layer(kind, self.file, name, tree, detail, len(self.problems) > self._flaws)

    def part(self, layer: Layer, flaws: Sequence[Problem], begin: Mark, end: Mark) -> Layer:
        """A layer that is a part of its file, with what is wrong in it and between its bounds."""
        inner = (one for one in self._inner if begin[:2] <= _inner_place(one) < end[:2])
        found = (*flaws, *inner)
        self._flaws += len(found)
        return layer._replace(incomplete=bool(found), flaws=found)

    def _gives_map(self, key: str, node: MapNode) -> bool:
        """Whether it is a map, or a directive that gives one or nothing; what it gives is said."""
        if not has_directives(node):
            return True
        for name, value in node.entries.items():
            if not name.startswith("$") or name == UNSET:
                continue
            if not isinstance(value, MapNode):
                self.wrong_type(key, "a map", value)
                return False
            return self._gives_map(key, value)
        return True

    def _no_map(self, key: str, node: Node | None, at: Mark) -> None:
        if isinstance(node, ScalarNode) and node.value is None and not node.is_bare:
            self.note(wording.NULL_NOT_TAKEN, node.mark, {"field": key})
        elif node is not None:
            self.wrong_type(key, "a map", node, at)

    def _kept(self, node: Node, field: Field | None, owner: str) -> Node | None:
        """The node without what is malformed in it; `None` where nothing is left.

        Below `vars` there is no field table, and any key will do.
        """
        if isinstance(node, MapNode):
            if has_directives(node):
                return self._kept_directives(node, field, owner)
            return self._kept_map(node, field)
        if isinstance(node, ListNode):
            return self._kept_list(node, field, owner)
        return None if node.style == BAD else node

    def _kept_list(self, node: ListNode, field: Field | None, owner: str) -> ListNode:
        """The list without items that are directives: an item has nothing to work on."""
        items: list[Node] = []
        for item in node.items:
            if type(item) is ScalarNode and item.style != BAD:
                items.append(item)
                continue
            if isinstance(item, MapNode) and has_directives(item):
                directive = next(key for key in item.entries if key.startswith("$"))
                facts = {"directive": directive, "field": owner}
                self.note(wording.DIRECTIVE_IN_LIST, item.keys[directive], facts)
                continue
            kept = item if isinstance(item, MapNode) and field else self._kept(item, None, owner)
            if kept is not None:
                items.append(kept)
        # Mostly nothing is left out: then it is the same list, and so is what holds it.
        is_whole = len(items) == len(node.items) and all(map(is_, items, node.items))
        return node if is_whole else ListNode(tuple(items), node.mark)

    def _kept_directives(self, node: MapNode, field: Field | None, owner: str) -> Node | None:
        if not check_directives(node, self.note):
            return None
        entries: dict[str, Node] = {}
        is_whole = True
        for key, value in node.entries.items():
            inner = self._kept(value, field, owner)
            if inner is None or _is_emptied(value, inner):
                return None
            entries[key] = inner
            is_whole = is_whole and inner is value
        return node if is_whole else MapNode(entries, node.keys, node.mark)

    def _kept_map(self, node: MapNode, field: Field | None) -> MapNode:
        if field is not None and field.type is not Type.OBJECT:
            # A map where the field takes something else: said once its value is checked.
            return node
        # What is kept otherwise than it is written, mostly nothing; `None` is left out.
        changed: dict[str, Node | None] = {}
        by_name = {} if field is None else field.by_name
        for key, value in node.entries.items():
            known = None if field is None else by_name.get(key)
            if known is None and field is not None:
                facts = _unknown_facts(key, _owner(field), tuple(field.by_name))
                self.note(wording.UNKNOWN_KEY, node.keys[key], facts)
                changed[key] = None
            elif type(value) is not ScalarNode or value.style == BAD:
                kept = self._kept(value, known, key)
                if kept is not value:
                    changed[key] = kept
        if not changed:
            return node
        found = ((key, changed.get(key, value)) for key, value in node.entries.items())
        entries = {key: value for key, value in found if value is not None}
        return MapNode(entries, node.keys, node.mark)


def _is_emptied(written: Node, kept: Node) -> bool:
    """Whether a list has lost all its items, which have been told: it is not meant to be empty."""
    return isinstance(written, ListNode) and bool(written.items) and kept == ListNode((), kept.mark)


_VERSION = "the number 1"
_ACCEPTS = MappingProxyType(
    {
        "a text": frozenset({str}),
        "a text, or a list of texts": frozenset({str}),
        "true or false": frozenset({bool}),
    }
)
_LEAST = MappingProxyType({"a map": "{}", "a list": "[]"})


def _found(node: Node) -> str:
    return described(node.value) if isinstance(node, ScalarNode) else kind_of(node)


def _meant(field: str, expected: str, node: Node) -> Mapping[str, object]:
    """The facts for a hint that says what to write instead."""
    if isinstance(node, MapNode):
        return _instead_of_map(field, expected, node)
    if expected == _VERSION:
        return {"whole": 1}
    value = node.value if isinstance(node, ScalarNode) else None
    if expected == "a map" and isinstance(value, str) and (pair := spaced(value)):
        return pair
    if expected == "a map":
        return in_a_map(field, value)
    return meant_scalar(value, _ACCEPTS.get(expected, frozenset()))


def _instead_of_map(field: str, expected: str, node: MapNode) -> Mapping[str, object]:
    first = next(iter(node.entries), "")
    if first.startswith("$"):
        return {"directive": first}
    if expected != "a list":
        return {}
    return {"dash": "- "} if first else _instead_of_nothing(field, expected)


def _instead_of_nothing(field: str, expected: str) -> Mapping[str, object]:
    """What to write where a key has no value."""
    if pair := spaced(field.rpartition(".")[2]):
        return pair
    if expected == _VERSION:
        return {"whole": 1}
    least = "{kind: emulator}" if field == "provider" else _LEAST.get(expected)
    return {"empty": f"{field.rpartition('.')[2]}: {least}"} if least else {"valueless": field}


def _replacing(node: MapNode, fresh: MapNode) -> MapNode:
    """A map of `$replace` alone, with another map in it."""
    return node._replace(entries={REPLACE: fresh}, keys={REPLACE: node.keys[REPLACE]})


def _without(node: MapNode, keys: list[str]) -> MapNode:
    left_out = frozenset(keys)
    entries = {key: value for key, value in node.entries.items() if key not in left_out}
    return MapNode(entries, node.keys, node.mark)


def _owner(field: Field) -> str:
    return "a session" if field.name == "session" else f"`{field.name}`"


def _unknown_facts(key: str, owner: str, keys: tuple[str, ...]) -> dict[str, object]:
    articles = {"profile": "a profile", "environment": "an environment", "project": "the project"}
    return {
        "key": key,
        "owner": articles.get(owner, owner if owner.startswith(("a ", "`")) else f"`{owner}`"),
        "known": ", ".join(f"`{name}`" for name in keys),
        **nearest(key, keys),
        **belongs(key, owner, keys),
        **spaced(key),
    }


_INNER = (wording.BAD_NUMBER, wording.UNKNOWN_TAG, wording.DUPLICATE_KEY)
"""What reading finds wrong with a single value, so that it is known which part it belongs to."""
_ALIAS = r"(?<!\S)\*[^\s*]"
_END: Mark = (MAX_BYTES + 1, 0, 0)


def _inner_problems(document: Document) -> Sequence[Problem]:
    """What is wrong with single values; none where an alias may stand for one in another part."""
    if not document.problems or re.search(_ALIAS, document.text):
        return ()
    return [problem for problem in document.problems if problem.kind in _INNER]


def _inner_place(problem: Problem) -> tuple[int, int]:
    """Where the value stands; of a duplicate, where the map has the key for the first time."""
    at = problem.related[0].at if problem.related else problem.at
    return (0, 0) if at is None else (at.line, at.column)


class Ends:
    """Where parts of a file may end: at the first of some places that comes after their own."""

    def __init__(self, *marks: Iterable[Mark]) -> None:
        self._places = sorted({mark[:2] for some in marks for mark in some})

    def after(self, mark: Mark) -> Mark:
        """The first place after a mark; the end of the file where there is none."""
        index = bisect_right(self._places, mark[:2])
        return (*self._places[index], 0) if index < len(self._places) else _END


NO_ENDS = Ends()
"""Those of a file that has no parts."""
