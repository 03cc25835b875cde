"""Which form a body has, and what in it is of no use for a profile."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.profiles.bodies import FORMS, Form
from voxmint.profiles.fields import FLAT, NESTED, SESSION
from voxmint.profiles.nodes import MapNode, Node, ScalarNode

FLAT_FORM = next(form for form in FORMS.values() if form.name == FLAT)
NESTED_FORM = next(form for form in FORMS.values() if form.name == NESTED)

_NAMES = {form.name: frozenset(form.around[()]) for form in FORMS.values()}
_OF_ANSWER = ("id", "object", "value", "expires_at")
"""What an answer has beside the session, and a request never."""


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


def place_of_key(key: str, form: Form) -> Path | None:
    """Where the form has what the other one calls so, or has at another place."""
    target = form.place(("session", key)) if key in SESSION.by_name else None
    if key == "client_secret" and form is NESTED_FORM:
        return ("expires_after",)
    if key == "expires_after" and form is FLAT_FORM:
        return ("client_secret", "expires_at")
    return target


class Answer(NamedTuple):
    """What of an answer is in no request: its paths, and whether a token is among it."""

    paths: tuple[Path, ...]
    has_token: bool


def answer_in(root: MapNode) -> Answer | None:
    """What is of the answer, if the map is one; `None` for a request."""
    found = list(_answer_paths(root))
    if not found:
        return None
    return Answer((*found, *_nulls(root, ())), any(path[-1] == "value" for path in found))


def _answer_paths(root: MapNode) -> Iterator[Path]:
    maps: list[tuple[Path, Node | None]] = [((), root), (("session",), root.entries.get("session"))]
    for at, node in maps:
        entries = node.entries if isinstance(node, MapNode) else {}
        yield from ((*at, name) for name in _OF_ANSWER if name in entries)
        yield from _of_secret(entries.get("client_secret"), (*at, "client_secret"))


def _of_secret(node: Node | None, at: Path) -> Iterator[Path]:
    if not isinstance(node, MapNode):
        if at[0] == "session" and node is not None:
            yield at
        return
    if "value" in node.entries:
        yield (*at, "value")
    if isinstance(node.entries.get("expires_at"), ScalarNode):
        yield (*at, "expires_at")


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
