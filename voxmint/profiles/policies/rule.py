"""The rule of a policy: one expression that gives true or false.

Everything that can be known of it without a body is checked once, when it is read: its syntax, the
names it uses, and the fields below them. So a misspelt field is an error, and not a rule that is
never kept, or always.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from jinja2 import nodes

from voxmint.origin import Path, dotted
from voxmint.problems import nearest
from voxmint.profiles.fields import EXPIRES_AFTER, REQUEST, SESSION, Field
from voxmint.profiles.templates.parts import is_lone
from voxmint.profiles.templates.sandbox import Sandboxed, syntax_tree
from voxmint.profiles.templates.template import (
    MAP_METHODS,
    Budget,
    Names,
    TemplateError,
    is_template,
)
from voxmint.profiles.values import described

VALUE = "value"
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "profile": ("name", "description", "labels"),
    "env": ("name",),
}
NAMES = (VALUE, *(field.name for field in REQUEST.fields), *_OTHERS)
"""What a rule knows."""


class RuleError(Exception):
    """A rule cannot be right: what is said of it, the facts for a hint, and where in it."""

    def __init__(self, said: str, needle: str = "", **facts: object) -> None:
        super().__init__(said)
        self.said = said
        self.needle = needle
        self.facts = facts


class Verdict(NamedTuple):
    """Whether a rule is kept.

    `lacking` are the path and the state (`not set`, `null`) of what it looks at and there is not;
    `failure` is why it cannot be worked out, where it is the rule that is wrong.
    """

    is_kept: bool
    lacking: tuple[Path, str] | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that can be worked out. `looks_at` are the paths of the values that it uses."""

    template: Sandboxed
    looks_at: tuple[Path, ...]

    def verdict(self, roots: Mapping[str, Any], budget: Budget) -> Verdict:
        """Whether the rule is kept, given what its names stand for; one is missing where absent."""
        names = Names(roots, _nothing_weaker, budget)
        try:
            result = self.template.render(names)
        except TemplateError as failure:
            lacking = self._lacking(roots)
            if lacking:
                return Verdict(False, lacking)
            said = failure.kind.message.format_map(failure.facts).removeprefix("the template ")
            return Verdict(False, None, said)
        if isinstance(result, bool):
            return Verdict(result)
        return Verdict(False, self._lacking(roots), f"gives {described(result)}, not true or false")

    def _lacking(self, roots: Mapping[str, Any]) -> tuple[Path, str] | None:
        """What it looks at that is absent or null, if anything."""
        for path in self.looks_at:
            at = roots
            for depth, name in enumerate(path, start=1):
                if name not in at:
                    return path[:depth], "not set"
                at = at[name]  # type: ignore[index]  # a root is a name
                if at is None:
                    return path[:depth], "null"
                if not isinstance(at, Mapping):
                    break
        return None

    def seen(self, roots: Mapping[str, Any]) -> Hashable:
        """What the verdict depends on: the same for two bodies only if it is.

        Maps and lists count by identity, so they have to be kept for as long as this is.
        """
        return tuple([_seen(roots, path) for path in self.looks_at])


def _seen(roots: Mapping[str, Any], path: Path) -> Hashable:
    at: Any = roots
    for name in path:
        if not isinstance(at, dict):
            break
        if name not in at:
            return _ABSENT
        at = at[name]
    return (type(at), id(at) if isinstance(at, dict | list) else at)


_ABSENT = object()


def _nothing_weaker() -> NoReturn:
    raise KeyError("super")


def read_rule(text: str, field: Field | None) -> Rule:
    """The rule for a field, or for the items of a list where there is none; no blanks around it.

    `RuleError` for one that says nothing or knows a name that there is not; `TemplateError` for one
    that is not of the template language.
    """
    if not is_template(text):
        raise RuleError("is no expression", rule="{{ " + text + " }}")
    tree = syntax_tree(text)
    if not is_lone(tree):
        raise RuleError("is more than one expression: `{{ … }}` and nothing beside it")
    template = Sandboxed(text)
    looks_at = dict.fromkeys(path for path, _ in _chains(tree))
    for path in looks_at:
        _check(path, field)
    return Rule(template, tuple(looks_at))


def _chains(tree: nodes.Template) -> Iterator[tuple[Path, nodes.Node]]:
    """Each name of the template with the attributes behind it, as far as they are written out."""
    inner: set[int] = set()
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name)):
        if id(node) in inner:
            continue
        path: list[str] = []
        at: nodes.Node = node
        while isinstance(at, nodes.Getattr | nodes.Getitem):
            inner.add(id(at))
            path.append(_step(at))
            at = at.node
        if isinstance(at, nodes.Name):
            inner.add(id(at))
            yield (at.name, *_until_unknown(reversed(path))), at


def _step(node: nodes.Getattr | nodes.Getitem) -> str:
    """The name of one step; empty where it is worked out, or a method of maps."""
    if isinstance(node, nodes.Getattr):
        return "" if node.attr in MAP_METHODS else node.attr
    is_name = isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str)
    return str(node.arg.value) if is_name else ""  # type: ignore[attr-defined]  # a constant


def _until_unknown(steps: Iterator[str]) -> Iterator[str]:
    for step in steps:
        if not step:
            return
        yield step


def _check(path: Path, field: Field | None) -> None:
    """That there is what a path names; a `RuleError` with a near miss where there is not."""
    root, *rest = map(str, path)
    if root not in NAMES:
        raise _unknown(root, (root,), NAMES)
    if root in _OTHERS:
        if rest and rest[0] not in _OTHERS[root]:
            raise _unknown(rest[0], path[:2], _OTHERS[root])
        return
    at = {SESSION.name: SESSION, EXPIRES_AFTER.name: EXPIRES_AFTER}.get(root, field)
    for depth, name in enumerate(rest, start=2):
        if at is None or not at.fields:
            return
        if name not in at.by_name:
            raise _unknown(name, path[:depth], at.by_name)
        at = at.by_name[name]


def _unknown(name: str, path: Path, known: Any) -> RuleError:
    near = nearest(name, known)
    if near:
        near["nearest"] = dotted((*path[:-1], near["nearest"]))
    names = ", ".join(f"`{dotted((*path[:-1], one))}`" for one in known)
    return RuleError(f"knows no `{dotted(path)}`", name, known=names, **near)
