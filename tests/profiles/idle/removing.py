"""Takes what a problem reports out of a project: out of the documents, not out of their text."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from voxmint.problems import Problem
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.idle import REMOVABLE
from voxmint.profiles.idle.aliases import written
from voxmint.profiles.reader import read_document

Documents = Mapping[str, Any]
"""The files of a project by their paths, each as plain data."""

Steps = tuple[str | int, ...]


class _Dumper(yaml.SafeDumper):
    """Writes everything out: what an alias stands for has one place for several uses."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def texts(documents: Documents) -> dict[str, str]:
    """The files as YAML."""
    return {
        file: yaml.dump(content, Dumper=_Dumper, sort_keys=False, default_flow_style=None)
        for file, content in documents.items()
    }


def removable(compilation: Compilation) -> list[Problem]:
    """What is idle and could be removed."""
    return [one for one in compilation.problems if one.kind in REMOVABLE]


def without(documents: Documents, problems: Iterable[Problem]) -> Documents:
    """The documents without what the problems report, and without what that leaves empty."""
    yamls = texts(documents)
    # Not `deepcopy`, which keeps one object that stands at two places one.
    left = {file: json.loads(json.dumps(content)) for file, content in documents.items()}
    paths: dict[str, list[Steps]] = {}
    for problem in problems:
        assert problem.at is not None
        root = read_document(problem.at.file, yamls[problem.at.file].encode()).root
        assert root is not None
        place = (REMOVABLE[problem.kind], (problem.at.line, problem.at.column))
        [path] = [path for unit, mark, path in written(root) if (unit, mark[:2]) == place]
        paths.setdefault(problem.at.file, []).append(path)
    for file, those in paths.items():
        # From the end, so that the indexes of what is left to remove stay right.
        for path in sorted(those, key=_by_place, reverse=True):
            _remove(left[file], path)
    return left


def _by_place(path: Steps) -> tuple[tuple[int, str], ...]:
    return tuple((step, "") if isinstance(step, int) else (0, step) for step in path)


def _remove(content: Any, path: Steps) -> None:
    *above, last = path
    parent = content
    for step in above:
        if isinstance(parent, dict) and step not in parent:
            return  # A directive in what was taken out, too.
        parent = parent[step]
    if last in parent or isinstance(last, int):
        del parent[last]
    if not parent and above:
        _remove(content, tuple(above))


def outcome(compilation: Compilation) -> tuple[Mapping[tuple[str, str], str], Sequence[str]]:
    """The bodies as they are sent, keys in order, and the errors' codes."""
    bodies = {name: json.dumps(body.body) for name, body in compilation.bodies.items()}
    return bodies, sorted(problem.code for problem in compilation.errors)
