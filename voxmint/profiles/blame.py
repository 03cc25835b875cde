"""Where each value of a body came from: who set it, whom it overrode, by which template and vars.

Nothing is kept for this while compiling but the chain of cells; the rest is worked out here, for
the one body that somebody asks about.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from voxmint.origin import Origin, Path, dotted
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.cells import (
    Cell,
    Gone,
    Leaf,
    ListCell,
    MapCell,
    chain,
    find,
    key_origin,
    origin,
    value_of,
)
from voxmint.profiles.compiled import CompiledBody, CompiledProfile
from voxmint.profiles.deployments import MODEL, deployment_of
from voxmint.profiles.directives import REPLACE, has_directives
from voxmint.profiles.documents import given_labels
from voxmint.profiles.fields import EXPIRES_AFTER, REQUEST, SESSION, Field
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node
from voxmint.profiles.render import Renderer, SharedParts, Subject
from voxmint.profiles.templates.template import View, is_template
from voxmint.profiles.values import Plain, Scalar

_ANCHOR = "anchor"
_MODEL = dotted(MODEL[1:])
_FIELDS = MappingProxyType({**SESSION.by_name, EXPIRES_AFTER.name: EXPIRES_AFTER})


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that a layer gave at a path: as it is written there, templates unrendered.

    `is_there` is false where the layer made the value absent again; `why` then says how.
    `directive` is the one that it was given by, as it is written, or "".
    """

    value: Plain
    at: Origin
    layer: str
    is_there: bool = True
    why: str = ""
    directive: str = ""


@dataclass(frozen=True, slots=True)
class Used:
    """What a template looked at, a var or what it knows of its profile, or another setting.

    `at` is where it was set.
    """

    name: str
    value: Plain
    at: Origin


@dataclass(frozen=True, slots=True)
class Traced:
    """One value of a body. `path` is dotted, without the leading `session.`.

    `value` is what the body holds; `setting` is what is written where it comes from; `overrode` are
    the weaker settings at the same path, the strongest first. `sent_as` is what the environment's
    provider is sent instead, such as a model's deployment, and where that was set.
    """

    path: str
    value: Plain
    setting: Setting
    overrode: tuple[Setting, ...] = ()
    template: str | None = None
    variables: tuple[Used, ...] = ()
    sent_as: Used | None = None

    @property
    def used_by_super(self) -> int:
        """How many of the settings that it overrode are in the value all the same."""
        above = (self.setting, *self.overrode)
        pairs = zip(above, self.overrode, strict=False)
        used = takewhile(lambda pair: _takes_super(pair[0].value) and pair[1].is_there, pairs)
        return sum(1 for _ in used)


_SUPER = re.compile(r"\{[{%](?:(?![%}]\}).)*\bsuper\s*\(", re.DOTALL)


def _takes_super(value: Plain) -> bool:
    return isinstance(value, str) and _SUPER.search(value) is not None


@dataclass(frozen=True, slots=True)
class Absent:
    """A field that no layer sets, so that the server's default holds."""

    path: str
    default: str


def blame(
    body: CompiledBody,
    profile: CompiledProfile,
    texts: Mapping[str, str],
    provider: Cell | None = None,
) -> tuple[Traced, ...]:
    """Every value of the body in the order of the request, unset ones included.

    `profile` is the body's own; `texts` are the project's files by name; `provider` are the
    settings that can put a deployment in the model's place.
    """
    found = _Tracer(body, profile, texts).all()
    return tuple(_as_sent(traced, provider) for traced in found)


def _as_sent(traced: Traced, provider: Cell | None) -> Traced:
    deployment = deployment_of(provider, traced.value) if traced.path == _MODEL else None
    if deployment is None:
        return traced
    name = f"deployments.{traced.value}"
    return replace(traced, sent_as=Used(name, deployment.value, origin(deployment)))


def order_of(body: CompiledBody) -> tuple[str, ...]:
    """The order of the request, by the profile's names; last what the request has no place for."""
    return tuple(dict.fromkeys((*FORMS[body.api].parts, *_FIELDS)))


def absent(body: CompiledBody) -> tuple[Absent, ...]:
    """The fields that the body leaves to the server, with what the server is known to do."""
    found: list[Absent] = []
    form = FORMS[body.api]
    for name in form.parts:
        field = _FIELDS[name]
        value = body.expires_after if field is EXPIRES_AFTER else body.session.get(name)
        if value is None and name not in body.session:
            found.append(Absent(name, field.default))
        elif isinstance(value, Mapping):
            found += _absent_below(field, value, form.name)
    return tuple(found)


def _absent_below(field: Field, value: Mapping[str, Any], form: str) -> Iterator[Absent]:
    # The lifetime's anchor is always sent.
    value = {_ANCHOR: "", **value} if field is EXPIRES_AFTER else value
    variants = field.variants_of_type if "type" in field.by_name and "type" in value else {}
    names = variants.get(str(value.get("type")), field.by_name)
    for inner in field.fields:
        is_left = inner.name in names and inner.name not in value
        if is_left and inner.default and form in inner.forms:
            yield Absent(f"{field.name}.{inner.name}", inner.default)


def nothing_at(body: CompiledBody, path: Sequence[str]) -> str | None:
    """Why a body has nothing at a path that a request may have; `None` where it never has."""
    field: Field | None = REQUEST if path[:1] == [EXPIRES_AFTER.name] else SESSION
    lifetime = body.expires_after
    value: Any = body.session
    if field is REQUEST:
        value = {} if lifetime is None else {EXPIRES_AFTER.name: lifetime}
    for name in path:
        above, field = field, field and field.by_name.get(name)
        if above is None or field is None:
            return None
        if not isinstance(value, Mapping):
            return f"`{above.name}` is null here"
        if field.variants and "type" in value and value["type"] not in field.variants:
            belongs = " and ".join(field.variants)
            return f"`{name}` belongs to {belongs}, and the type here is {value['type']}"
        if name not in value:
            return f"`{name}` is not set here"
        value = value[name]
    return None


class _Tracer:
    """Walks the merged cells of one body beside its plain values."""

    def __init__(
        self, body: CompiledBody, profile: CompiledProfile, texts: Mapping[str, str]
    ) -> None:
        self._body = body
        self._profile = profile
        self._texts = texts

    def all(self) -> Iterator[Traced]:
        entries = self._body.root.entries
        session = entries.get(SESSION.name)
        for name in order_of(self._body):
            field = _FIELDS[name]
            if field is EXPIRES_AFTER:
                cell, value = entries.get(name), self._body.expires_after
            else:
                cell, value = find(session, (name,)), self._body.session.get(name)
            if cell is not None:
                yield from self._at(cell, field, (name,), value)

    def _at(self, cell: Cell, field: Field | None, path: Path, value: Any) -> Iterator[Traced]:
        if isinstance(cell, MapCell) and cell.entries and isinstance(value, Mapping):
            if cell.under is not None or not value:
                yield self._traced(cell, path, value)
            yield from self._map(cell, field, path, value)
        elif isinstance(cell, ListCell) and cell.items and isinstance(value, list):
            if cell.under is not None:
                yield self._traced(cell, path, value)
            for index, item in enumerate(cell.items):
                yield from self._at(item, None, (*path, index), value[index])
        else:
            yield self._traced(cell, path, value)

    def _map(
        self, cell: MapCell, field: Field | None, path: Path, value: Mapping[str, Any]
    ) -> Iterator[Traced]:
        order = field.by_name if field is not None else {}
        names = [name for name in order if name in cell.entries] or list(cell.entries)
        for name in names:
            inner = order.get(name)
            yield from self._at(cell.entries[name], inner, (*path, name), value.get(name))

    def _traced(self, cell: Cell, path: Path, value: Any) -> Traced:
        settings = tuple(_setting(one, path) for one in chain(cell))
        traced = Traced(dotted(path), value, settings[0], settings[1:])
        if isinstance(cell, Leaf) and isinstance(cell.value, str) and is_template(cell.value):
            return replace(traced, template=cell.value, variables=self._variables(cell))
        return traced

    def _variables(self, cell: Leaf) -> tuple[Used, ...]:
        looked_at: dict[Path, Cell] = {}
        of_profile: dict[str, Used] = {}
        renderer = Renderer(
            self._body.root,
            self._subject(of_profile),
            SharedParts(),
            lambda file: self._texts.get(file, ""),
            looked_at.__setitem__,
        )
        renderer.leaf(cell)
        of_vars = (
            Used(dotted(path), value_of(one), origin(one)) for path, one in looked_at.items()
        )
        return (*of_vars, *of_profile.values())

    def _subject(self, used: dict[str, Used]) -> Subject:
        """What templates may know of the body; labels and description are noted when looked at."""
        profile, document = self._profile, self._profile.document

        def label(name: str) -> Scalar:
            value = profile.labels[name]
            at = _origin_of_label(profile, name)
            used[f"labels.{name}"] = Used(f"profile.labels.{name}", value, at)
            return value

        def fact(name: str) -> Any:
            if name == "description" and document.description_mark is not None:
                at = document.layer.origin(document.description_mark)
                used[name] = Used("profile.description", document.description, at)
            return about[name]

        labels = View("profile.labels", profile.labels.keys, label)
        subject = Subject.of(self._body.profile, self._body.environment, document.description, {})
        about = {**dict(subject.profile.items()), "labels": labels}
        return subject._replace(profile=View("profile", about.keys, fact))


def _origin_of_label(profile: CompiledProfile, name: str) -> Origin:
    """Where the strongest profile of the lineage that has the label gives its value."""
    document, node = next(
        (one, given_labels(one.labels).entries[name])
        for one in reversed(profile.lineage)
        if name in given_labels(one.labels).entries
    )
    return document.layer.origin(node.mark)


def _setting(cell: Cell, path: Path) -> Setting:
    given_by = directive_at(cell.layer.tree, _absolute(path), cell.mark)
    if isinstance(cell, Gone):
        return Setting(None, key_origin(cell), str(cell.layer), False, cell.why, given_by)
    return Setting(value_of(cell), origin(cell), str(cell.layer), directive=given_by)


def _absolute(path: Path) -> Path:
    return path if path[0] == "expires_after" else ("session", *path)


def directive_at(tree: MapNode, path: Path, mark: Mark) -> str:
    """The directives by which a layer gives the value at a path; "" where it needs none.

    `mark` is the value's own: an item of a list is found by it, in whichever directive it stands.
    """
    node: Node | None = tree
    found = ""
    for part in path:
        node, is_replaced = _replaced(node)
        found = REPLACE if is_replaced else found
        if isinstance(part, int):
            return _directive_of_item(node, mark) or found
        node = node.entries.get(part) if isinstance(node, MapNode) else None
    if isinstance(node, MapNode) and has_directives(node):
        return ", ".join(key for key in node.entries if key.startswith("$"))
    return found


def _replaced(node: Node | None) -> tuple[Node | None, bool]:
    """What `$replace` holds, where the node is one."""
    if isinstance(node, MapNode) and REPLACE in node.entries:
        return node.entries[REPLACE], True
    return node, False


def _directive_of_item(node: Node | None, mark: Mark) -> str:
    for name, value in node.entries.items() if isinstance(node, MapNode) else ():
        if isinstance(value, ListNode) and any(item.mark == mark for item in value.items):
            return name
    return ""
