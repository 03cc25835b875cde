"""Places that stand for several: what an alias repeats is written once and used twice.

What is idle in one of its uses may matter in another, so nothing is said of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from voxmint.problems import Problem
from voxmint.profiles.idle import REMOVABLE, Unit
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node
from voxmint.profiles.reader import Document

Steps = tuple[str | int, ...]


def written(node: Node, path: Steps = ()) -> Iterator[tuple[Unit, Mark, Steps]]:
    """Every entry of a map by its key, and every item of a list, with its path."""
    if isinstance(node, MapNode):
        for name, inner in node.entries.items():
            yield Unit.ENTRY, node.keys[name], (*path, name)
            yield from written(inner, (*path, name))
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield Unit.ITEM, item.mark, (*path, index)
            yield from written(item, (*path, index))


def written_once(problems: Iterable[Problem], documents: Iterable[Document]) -> Iterator[Problem]:
    """The problems whose place is one entry or item, and not one that aliases repeat."""
    by_file = {document.file: document for document in documents if "*" in document.text}
    counts: dict[str, Counter[tuple[Unit, Mark]]] = {}
    for problem in problems:
        at = problem.at
        document = by_file.get(at.file) if at is not None else None
        if at is None or document is None or document.root is None:
            yield problem
            continue
        if at.file not in counts:
            counts[at.file] = Counter((unit, mark) for unit, mark, _ in written(document.root))
        if counts[at.file][REMOVABLE[problem.kind], at[1:]] == 1:
            yield problem
