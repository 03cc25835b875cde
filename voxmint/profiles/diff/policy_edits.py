"""The edits of a project's policies. They change no body: they say which bodies may be."""

from collections.abc import Iterator, Mapping

from voxmint.origin import Origin
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.result import ABSENT, Cause, CauseKind, Side
from voxmint.profiles.diff.values import is_same_node
from voxmint.profiles.nodes import ListNode, MapNode, Mark, ScalarNode, plain
from voxmint.profiles.reader import read_document
from voxmint.profiles.reading import PROJECT_FILE


def policy_edits(base: Compilation, head: Compilation) -> Iterator[Cause]:
    """What is different in the policies, each told by its name."""
    texts = [state.texts.get(PROJECT_FILE, "") for state in (base, head)]
    if not all(texts) or texts[0] == texts[1]:
        return
    before, after = (_policies(text) for text in texts)
    for name in dict.fromkeys((*before, *after)):
        if name not in before:
            yield _whole(name, after[name], Side.HEAD)
        elif name not in after:
            yield _whole(name, before[name], Side.BASE)
        else:
            yield from _inner(name, before[name], after[name])


def _policies(text: str) -> Mapping[str, MapNode]:
    root = read_document(PROJECT_FILE, text.encode()).root
    items = root.entries.get("policies") if isinstance(root, MapNode) else None
    found: dict[str, MapNode] = {}
    for item in items.items if isinstance(items, ListNode) else ():
        name = item.entries.get("name") if isinstance(item, MapNode) else None
        if isinstance(item, MapNode) and isinstance(name, ScalarNode):
            found.setdefault(str(name.value), item)
    return found


def _at(mark: Mark) -> Origin:
    return Origin(PROJECT_FILE, *mark)


def _whole(name: str, policy: MapNode, side: Side) -> Cause:
    """A policy that only one state has."""
    at, value = _at(policy.mark), plain(policy)
    path, layer = f"policies.{name}", f"policy {name}"
    if side is Side.BASE:
        return Cause(CauseKind.POLICY, path, value, ABSENT, at, side, at, layer)
    return Cause(CauseKind.POLICY, path, ABSENT, value, at, side, None, layer)


def _inner(name: str, before: MapNode, after: MapNode) -> Iterator[Cause]:
    """The keys of a policy that say something else."""
    for key in dict.fromkeys((*before.entries, *after.entries)):
        one, two = before.entries.get(key), after.entries.get(key)
        if one is not None and two is not None and is_same_node(one, two):
            continue
        side, policy = (Side.BASE, before) if two is None else (Side.HEAD, after)
        yield Cause(
            CauseKind.POLICY,
            f"policies.{name}.{key}",
            ABSENT if one is None else plain(one),
            ABSENT if two is None else plain(two),
            _at(policy.keys[key]),
            side,
            None if one is None else _at(before.keys[key]),
        )
