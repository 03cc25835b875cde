"""Reads `policies:` of `voxmint.yaml`.

A policy with a mistake is left out and the mistake is an error, so that nothing is minted past it.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from voxmint.problems import Kind, Problem, nearest
from voxmint.profiles import wording
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node, ScalarNode
from voxmint.profiles.policies.document import Policy
from voxmint.profiles.selectors import Where
from voxmint.profiles.values import briefly

KEYS = ("name", "where", "environments", "path", "rule", "message", "severity")
NEEDED = {
    "name": "name: short-lived",
    "path": "path: expires_after.seconds",
    "rule": 'rule: "{{ value <= 120 }}"',
    "message": "message: what it is for",
}
"""What every policy says, each as it may be written."""
SEVERITIES = ("error", "warning")
MAX_POLICIES = 256
"""How many policies a project may have: each is held against each body."""


class Parser(Protocol):
    """What takes parts out of a file and notes what is wrong with them."""

    file: str
    problems: list[Problem]

    def note(self, kind: Kind, mark: Mark, facts: Mapping[str, object]) -> None: ...
    def known(self, node: MapNode, owner: str, keys: tuple[str, ...]) -> MapNode: ...
    def wrong_type(self, field: str, expected: str, node: Node) -> None: ...
    def list(self, node: MapNode, key: str) -> ListNode | None: ...
    def where(self, node: MapNode) -> Where: ...


def read_policies(parser: Parser, root: MapNode) -> tuple[Policy, ...]:
    """The policies without a mistake in what can be seen of them here, each with its own name."""
    items = parser.list(root, "policies")
    found: dict[str, Policy] = {}
    if items is not None and len(items.items) > MAX_POLICIES:
        said = f"a project has at most {MAX_POLICIES} policies"
        parser.note(wording.BAD_SETTING, items.mark, {"field": "policies", "said": said})
        return ()
    for index, node in enumerate(items.items if items else ()):
        owner = f"policies.{index}"
        if not isinstance(node, MapNode):
            parser.wrong_type(owner, "a map", node)
            continue
        policy = _policy(parser, node, owner)
        if policy is None:
            continue
        if policy.name in found:
            said = f"another policy is called {briefly(policy.name)}"
            mark = node.entries["name"].mark
            parser.note(wording.BAD_SETTING, mark, {"field": f"{owner}.name", "said": said})
            continue
        found[policy.name] = policy
    return tuple(found.values())


def _policy(parser: Parser, node: MapNode, owner: str) -> Policy | None:
    before = len(parser.problems)
    node = parser.known(node, owner, KEYS)
    misspelt = {one.facts.get("nearest") for one in parser.problems[before:]}
    for key, example in NEEDED.items():
        if key not in node.entries and key not in misspelt:
            facts = {"owner": f"`{owner}`", "key": key, "example": f"for example `{example}`"}
            parser.note(wording.MISSING_KEY, node.mark, facts)
    texts = {key: _text(parser, node, key, owner) for key in NEEDED if key in node.entries}
    where = parser.where(node)
    environments = _environments(parser, node, owner)
    severity = _severity(parser, node, owner)
    if len(parser.problems) > before:
        return None
    return Policy(
        parser.file,
        str(texts["name"].value),
        texts["path"],
        texts["rule"],
        str(texts["message"].value).strip(),
        severity == "error",
        where,
        environments,
        node.mark,
    )


def _text(parser: Parser, node: MapNode, key: str, owner: str) -> ScalarNode:
    """A text that is not empty; what is none is noted."""
    given = node.entries[key]
    if not isinstance(given, ScalarNode) or not isinstance(given.value, str):
        parser.wrong_type(f"{owner}.{key}", "a text", given)
        return _NOTHING
    if not given.value.strip():
        facts = {"field": f"{owner}.{key}", "said": "must not be empty"}
        parser.note(wording.BAD_SETTING, given.mark, facts)
    return given


_NOTHING = ScalarNode("", (1, 1, 0))


def _environments(parser: Parser, node: MapNode, owner: str) -> tuple[ScalarNode, ...] | None:
    given = node.entries.get("environments")
    if given is None:
        return None
    return tuple(_names(parser, given, owner))


def _names(parser: Parser, given: Node, owner: str) -> Iterator[ScalarNode]:
    for item in given.items if isinstance(given, ListNode) else (given,):
        if isinstance(item, ScalarNode) and isinstance(item.value, str):
            yield item
        else:
            parser.wrong_type(f"{owner}.environments", "a text, or a list of texts", item)


def _severity(parser: Parser, node: MapNode, owner: str) -> str:
    given = node.entries.get("severity")
    if given is None:
        return "error"
    value = given.value if isinstance(given, ScalarNode) else None
    if not isinstance(value, str):
        parser.wrong_type(f"{owner}.severity", "a text", given)
    elif value not in SEVERITIES:
        facts = {
            "field": f"{owner}.severity",
            "value": briefly(value),
            "values": ", ".join(f"`{one}`" for one in SEVERITIES),
            **nearest(value, SEVERITIES),
        }
        parser.note(wording.BAD_VALUE, given.mark, facts)
    return str(value)
