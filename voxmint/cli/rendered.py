"""`voxmint render --output-dir`: a file for each body, and whether they are all right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from voxmint.cli.compiling import Compiled
from voxmint.cli.display.words import number
from voxmint.engine.rendered import LIST, Rendered, State, list_of
from voxmint.problems import UsageError
from voxmint.profiles.selectors import selects
from voxmint.shown import shown

if TYPE_CHECKING:
    from voxmint.cli.world import World

_FAILED = 1


class Request(NamedTuple):
    """A body and whose it is."""

    profile: str
    environment: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a folder should hold: files by name, and which of those that are listed are gone."""

    files: Mapping[str, bytes]
    left: tuple[str, ...]


def write_folder(
    requests: Sequence[Request], compiled: Compiled, output: str, folder: str, world: "World"
) -> int:
    """Makes the folder as it should be; a file that is right already is left alone."""
    rendered = Rendered(world.cwd / folder)
    wanted = _wanted(requests, compiled, output, rendered)
    left = [name for name in wanted.left if rendered.has(name)]
    for name in left:
        rendered.remove(name)
    written = [name for name, data in wanted.files.items() if rendered.write(name, data)]
    if not world.is_quiet:
        if world.is_verbose:
            for name in written:
                world.err.line(shown(str(Path(folder, name))))
            for name in left:
                world.err.line(f"removed {shown(str(Path(folder, name)))}")
        world.err.line(_told(len(requests), written, left, folder))
    return 0


def _told(count: int, written: Sequence[str], left: Sequence[str], folder: str) -> str:
    bodies = sum(name != LIST for name in written)
    parts = [f"wrote {number(bodies, 'file')}"]
    parts += [f"{count - bodies:,} unchanged"] if count > bodies else []
    parts += [f"removed {len(left):,} of what is gone"] if left else []
    return f"{', '.join(parts)} → {shown(folder)}"


def check_folder(
    requests: Sequence[Request], compiled: Compiled, output: str, folder: str, world: "World"
) -> int:
    """Says which files are not as they should be, and changes none; 1 where there are any."""
    rendered = Rendered(world.cwd / folder)
    wanted = _wanted(requests, compiled, output, rendered)
    states = {name: rendered.state(name, data) for name, data in wanted.files.items()}
    wrong = [(name, _WORDS[state]) for name, state in states.items() if state in _WORDS]
    wrong += [(name, "left over") for name in wanted.left if rendered.has(name)]
    if not wrong:
        if not world.is_quiet:
            world.out.line(f"{number(len(requests), 'file')} in {shown(folder)} as they should be")
        return 0
    _tell_wrong(sorted(wrong), folder, world)
    return _FAILED


_WORDS = {State.DIFFERENT: "differs", State.MISSING: "missing"}


def _tell_wrong(wrong: Sequence[tuple[str, str]], folder: str, world: "World") -> None:
    is_one = len(wrong) == 1
    count = number(len(wrong), "file")
    world.out.line(f"{count} in {shown(folder)} {'is' if is_one else 'are'} not as rendered now")
    for name, word in wrong:
        world.out.line(f"{word:<9}  {shown(str(Path(folder, name)))}")
    if not world.is_quiet:
        mends = "mends it" if is_one else "mends them"
        world.err.line(f"the same command without `--check` {mends}")


# ── what the folder should hold ──────────────────────────────────────────────────────────────────


def _wanted(
    requests: Sequence[Request], compiled: Compiled, output: str, rendered: Rendered
) -> Wanted:
    ending = f".{output}"
    files: dict[str, bytes] = {}
    for request in requests:
        name = f"{request.environment}/{request.profile}{ending}"
        if name in files:
            raise UsageError(
                f"two bodies would be written to `{shown(name)}`",
                "render one environment at a time, each to a folder of its own",
            )
        files[name] = _file_of(request.body, output)
    listed = rendered.listed()
    project = _Project(compiled, ending)
    left = tuple(sorted(name for name in listed - files.keys() if project.has_lost(name)))
    kept = listed.difference(left)
    if kept or files or listed:
        files[LIST] = list_of({*kept, *files})
    return Wanted(files, left)


class _Project:
    """What is known of the project's bodies by the names of their files."""

    def __init__(self, compiled: Compiled, ending: str) -> None:
        self._order = compiled.order
        self._compilation = compiled.compilation
        self._attempted = frozenset(compiled.compilation.attempted)
        self._ending = ending

    def has_lost(self, name: str) -> bool:
        """Whether there is no body any more that the file could be of.

        Of what was not asked for nothing is said, but for environments that are gone: nobody can
        ask for those.
        """
        stem, _, ending = name.rpartition(".")
        return not any(self._may_have(*body, f".{ending}") for body in _bodies(stem))

    def _may_have(self, profile: str, environment: str, ending: str) -> bool:
        compilation, order = self._compilation, self._order
        if environment not in compilation.environment_names:
            return False
        known = compilation.environments.get(environment)
        if known is not None and known.document.abstract:
            return False
        is_asked = order.has_environment(environment) and (
            not order.profiles or selects(order.profiles, profile)
        )
        if not is_asked or known is None:
            return True
        if (profile, environment) in self._attempted:
            # The same body in another form: a folder holds one.
            return ending == self._ending
        return profile in known.profiles


def _bodies(stem: str) -> Iterator[tuple[str, str]]:
    """The bodies that a file could be of: the names of both may have folders in them."""
    parts = stem.split("/")
    for place in range(1, len(parts)):
        yield "/".join(parts[place:]), "/".join(parts[:place])


def _file_of(body: Mapping[str, Any], output: str) -> bytes:
    from voxmint.cli.formats.json_text import indented
    from voxmint.cli.formats.yaml_text import as_yaml

    text = as_yaml(body) if output == "yaml" else indented(body) + "\n"
    return text.encode()
