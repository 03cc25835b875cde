"""What tests of the compiler share: projects in memory, and what compiling them gives."""

from collections.abc import Mapping, Sequence
from typing import Any

from voxmint.problems import Problem
from voxmint.profiles.compiled import Compilation, CompiledBody
from voxmint.profiles.order import EVERYTHING, Order
from voxmint.profiles.overrides import parse_overrides
from voxmint.profiles.pipeline import compile_project
from voxmint.profiles.source import Listing, SourceError

LOCAL = {"local": "provider: {kind: emulator}\n"}
"""The one environment of most tests' projects: it asks for the flat body."""

Content = str | bytes | SourceError


class MemorySource:
    """Files by their paths; `reads` and `listings` are what was asked for, in order.

    A file whose content is a `SourceError` is listed, and cannot be read; a folder, `profiles/a/`,
    cannot be looked into.
    """

    def __init__(self, files: Mapping[str, Content]) -> None:
        self.files = files
        self.reads: list[str] = []
        self.listings: list[str] = []

    def listing(self, folder: str) -> Listing:
        self.listings.append(folder)
        found = sorted(path for path in self.files if path.startswith(f"{folder}/"))
        if not found:
            raise SourceError("missing", "no such folder")
        refused = [
            (path.rstrip("/"), content)
            for path, content in self.files.items()
            if path in found and path.endswith("/") and isinstance(content, SourceError)
        ]
        return Listing([path for path in found if not path.endswith("/")], refused)

    def read(self, path: str, limit: int) -> bytes:
        self.reads.append(path)
        content = self.files.get(path, SourceError("missing", "no such file"))
        if isinstance(content, SourceError):
            raise content
        data = content.encode() if isinstance(content, str) else content
        if len(data) > limit:
            raise SourceError("too-large", f"it has more than {limit} bytes")
        return data


def project(
    profiles: Mapping[str, Content],
    environments: Mapping[str, Content] | None = None,
    settings: Content = "version: 1\n",
) -> MemorySource:
    """A project of these profiles and environments, by name."""
    return MemorySource(
        {
            "voxmint.yaml": settings,
            **{f"profiles/{name}.yaml": text for name, text in profiles.items()},
            **{
                f"environments/{name}.yaml": text
                for name, text in (LOCAL if environments is None else environments).items()
            },
        }
    )


def compiled(
    profiles: Mapping[str, Content],
    environments: Mapping[str, Content] | None = None,
    order: Order = EVERYTHING,
) -> Compilation:
    """What compiling such a project gives."""
    return compile_project(project(profiles, environments), order)


def set_to(*given: str) -> Order:
    """The order for everything, with these `--set`s."""
    overrides, problems = parse_overrides(given)
    assert problems == ()
    return Order(overrides=overrides)


def session(
    profiles: Mapping[str, Content],
    environments: Mapping[str, Content] | None = None,
    name: str = "p",
    order: Order = EVERYTHING,
) -> Mapping[str, Any]:
    """The session of one profile in the first environment, of a project without errors."""
    return body_of(compiled(profiles, environments, order), name).session


def body_of(compilation: Compilation, name: str = "p") -> CompiledBody:
    """The body of one profile in the first environment, of a compile without errors."""
    assert compilation.errors == (), told(compilation.errors)
    return compilation.bodies[name, next(iter(compilation.environments))]


def told(problems: Sequence[Problem]) -> list[str]:
    """Problems in a line each: code, place, message."""
    return [f"{problem.code} {problem.at} {problem.message}" for problem in problems]


def codes(problems: Sequence[Problem]) -> list[str]:
    """The problems' codes, in order."""
    return [problem.code for problem in problems]


def only(compilation: Compilation, code: str) -> Problem:
    """The one problem of this code."""
    [problem] = [one for one in compilation.problems if one.code == code]
    return problem


def marked(source: Mapping[str, str], problem: Problem) -> str:
    """The text that stands at a problem's place, as far as it stands on one line."""
    at = problem.at
    assert at is not None
    line = source[at.file].split("\n")[at.line - 1]
    return line[at.column - 1 : at.column - 1 + at.length]


def layers(*sessions: str) -> dict[str, str]:
    """A chain of profiles, the weakest first, the last one `p`; each begins with what is given."""
    names = [*(f"base-{index}" for index in range(1, len(sessions))), "p"]
    texts: dict[str, str] = {}
    for name, below, text in zip(names, ["", *names], sessions, strict=False):
        extends = f"extends: {below}\n" if below else ""
        abstract = "" if name == "p" else "abstract: true\n"
        texts[name] = f"{text}\n{extends}{abstract}"
    return texts
