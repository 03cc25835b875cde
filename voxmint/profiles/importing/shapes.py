"""Which form a body has, and what in it is of no use for a profile."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.profiles.bodies import FORMS, Form
from voxmint.profiles.fields import EXPIRES_AFTER, FLAT, NESTED, SESSION
from voxmint.profiles.nodes import MapNode, Node, ScalarNode

FLAT_FORM = next(form for form in FORMS.values() if form.name == FLAT)
NESTED_FORM = next(form for form in FORMS.values() if form.name == NESTED)

_NAMES = {form.name: frozenset(form.around[()]) for form in FORMS.values()}
_OF_ANSWER = ("id", "object", "value", "expires_at")
_AROUND_ANSWER: tuple[Path, ...] = (
    (),
    ("client_secret",),
    ("session",),
    ("session", "client_secret"),
)
"""Where in an answer those stand."""


def api_of(form: Form) -> str:
    """The endpoint that takes bodies of the form."""
    return next(api for api, one in FORMS.items() if one is form)


def form_of(keys: Mapping[str, object], asked: str | None) -> Form | None:
    """The form of the body that has these keys at its root; `None` where they are of neither.

    A body that says nothing has the form of the endpoint that was asked, or else the flat one.
    """
    counts = {name: len(names & keys.keys()) for name, names in _NAMES.items()}
    if not any(counts.values()):
        return None if keys else FORMS.get(asked or "", FLAT_FORM)
    # `session` decides: no flat field can hold what stands below it.
    is_nested = "session" in keys or counts[NESTED] > counts[FLAT]
    return NESTED_FORM if is_nested else FLAT_FORM


def other(form: Form) -> Form:
    """The other form."""
    return FLAT_FORM if form is NESTED_FORM else NESTED_FORM


def is_session_alone(keys: Mapping[str, object]) -> bool:
    """Whether these are the keys of a nested body's session, without what is around it."""
    return not keys.keys().isdisjoint({"audio", "include"}) or {"type"} == keys.keys()


def is_event(root: MapNode) -> bool:
    """Whether it is an event, as it goes over a socket: `{type: session.update, …}`."""
    kind = root.entries.get("type")
    return isinstance(kind, ScalarNode) and isinstance(kind.value, str) and "." in kind.value


def place_of_key(key: str, form: Form) -> Path | None:
    """Where the form has what the other one calls so, or has at another place."""
    if key in {"client_secret", EXPIRES_AFTER.name}:
        return form.place((EXPIRES_AFTER.name,))
    return form.place(("session", key)) if key in SESSION.by_name else None


class Answer(NamedTuple):
    """What of an answer is in no request: its paths, and whether a token is among it."""

    paths: tuple[Path, ...]
    has_token: bool


def answer_in(root: MapNode) -> Answer | None:
    """What is of the answer, if the map is one; `None` for a request."""
    found = {path: node for path, node in _only_in_answers(root) if not _is_lifetime(path, node)}
    if not found:
        return None
    has_token = any(path[-1] == "value" and node.value for path, node in found.items())
    paths = dict.fromkeys((*found, *_unheld(root), *_nulls(root, ())))
    return Answer(tuple(paths), has_token)


def _only_in_answers(root: MapNode) -> Iterator[tuple[Path, ScalarNode]]:
    """The scalars that an answer has beside the session, and a request never."""
    for at in _AROUND_ANSWER:
        inner = node_at(root, at) if has(root, at) else None
        entries = inner.entries if isinstance(inner, MapNode) else {}
        for name in _OF_ANSWER:
            node = entries.get(name)
            if isinstance(node, ScalarNode):
                yield (*at, name), node


def _is_lifetime(path: Path, node: ScalarNode) -> bool:
    """Whether it is the lifetime that a request asks for, written as a number by mistake."""
    longest = EXPIRES_AFTER.by_name["seconds"].maximum or 0
    return path[-1] == "expires_at" and isinstance(node.value, int) and node.value <= longest


def _unheld(root: MapNode) -> Iterator[Path]:
    """What counts as an answer's only where something else does."""
    for path, node in _only_in_answers(root):
        if _is_lifetime(path, node):
            yield path
    for at in (("client_secret",), ("session", "client_secret")):
        if has(root, at) and isinstance(node_at(root, at), ScalarNode):
            yield at


def _nulls(node: MapNode, at: Path) -> Iterator[Path]:
    """The nulls of an answer that a request cannot say: there the field is left out."""
    for name, value in node.entries.items():
        if isinstance(value, MapNode):
            yield from _nulls(value, (*at, name))
        elif isinstance(value, ScalarNode) and value.value is None and not _takes_null(name):
            yield (*at, name)


def _takes_null(name: str) -> bool:
    return name in {
        *(field.name for field in SESSION.fields if field.nullable),
        *("noise_reduction", "transcription", "idle_timeout_ms"),
    }


def without(node: MapNode, paths: tuple[Path, ...]) -> MapNode:
    """The map without what stands at the paths, nor a map that only that was in."""
    below: dict[str, list[Path]] = {}
    for first, *rest in paths:
        below.setdefault(str(first), []).append(tuple(rest))
    entries: dict[str, Node] = {}
    for name, value in node.entries.items():
        inner = below.get(name)
        if inner is None:
            entries[name] = value
        elif () not in inner and isinstance(value, MapNode):
            kept = without(value, tuple(inner))
            if kept.entries:
                entries[name] = kept
    return node._replace(entries=entries)


def has(root: Node, path: Path) -> bool:
    """Whether a map stands around each part of the path, and has it."""
    for part in path:
        if not isinstance(root, MapNode) or part not in root.entries:
            return False
        root = root.entries[str(part)]
    return True


def node_at(root: Node, path: Path) -> Node:
    """The node at the path, or the last one on the way there."""
    for part in path:
        inner: Node | None = None
        if isinstance(root, MapNode):
            inner = root.entries.get(str(part))
        elif not isinstance(root, ScalarNode) and isinstance(part, int) and part < len(root.items):
            inner = root.items[part]
        if inner is None:
            return root
        root = inner
    return root
