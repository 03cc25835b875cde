"""`voxmint init`: a commented project that mints at once, with production ready to fill in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.world import World

_TEMPLATES = (
    "profiles/base.yaml",
    "profiles/dictation.yaml",
    "profiles/hotline.yaml",
    "environments/local.yaml",
    "environments/production.yaml",
)
_PROJECT = "voxmint.yaml"
_IGNORE = ".gitignore"
_SAME = {
    ".env.*": {".env*", "/.env*", "/.env.*", "*.env.*"},
    ".voxmint/": {".voxmint", "/.voxmint/"},
}
"""Lines of a .gitignore that do the same."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where the project is to be, relative to the world's folder."""

    folder: str = "."


class File(NamedTuple):
    """A file of the new project: its path, and what it holds."""

    path: str
    text: str


def init(options: Options, world: "World") -> int:
    """Writes the files that are not there yet; never changes one that is."""
    folder = world.cwd / options.folder
    if _is_other_project(folder):
        return _leave(options, world)
    planned = list(files())
    _check_folders(folder, planned)
    made: list[str] = []
    kept: list[str] = []
    for file in planned:
        (made if _written(folder, file) else kept).append(file.path)
    _report(options, world, made, kept)
    return 0


def files() -> Iterator[File]:
    """The files of a new project; the one that makes it a project comes last."""
    from voxmint.cli.formats.json_text import indented
    from voxmint.cli.schema import FILES, schema_of

    yield File(_IGNORE, _template("gitignore"))
    for kind in FILES:
        yield File(f"schemas/{kind}.json", indented(schema_of(kind)) + "\n")
    for path in _TEMPLATES:
        yield File(path, _template(path))
    yield File(_PROJECT, _template(_PROJECT))


def _template(name: str) -> str:
    from importlib.resources import files as resources

    return (resources("voxmint.cli") / "templates" / name).read_text(encoding="utf-8")


def _is_other_project(folder: Path) -> bool:
    """Whether there is a project that this command has not begun: it would not want our files."""
    try:
        text = (folder / _PROJECT).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text != _template(_PROJECT)


def _leave(options: Options, world: "World") -> int:
    if not world.is_quiet:
        world.out.line(f"{_joined(options.folder, _PROJECT)} is there already: nothing was written")
        world.out.line(f"next  voxmint{_at(options)} validate")
    return 0


def _check_folders(folder: Path, planned: Iterable[File]) -> None:
    """That every folder is one, or can be made: asked of all before the first file is written.

    A link is none: it could lead out of the project, where its files would not be read.
    """
    from voxmint.problems import VoxmintError
    from voxmint.shown import shown

    for path in sorted({(folder / file.path).parent for file in planned} - {folder}):
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise VoxmintError(f"`{shown(str(path))}` is not a folder; nothing was written")


def _written(folder: Path, file: File) -> bool:
    """Writes the file, unless something has its name."""
    from voxmint.cli.new_file import write_new
    from voxmint.problems import VoxmintError
    from voxmint.shown import shown

    path = folder / file.path
    try:
        write_new(path, file.text)
    except FileExistsError:
        if path.parent.is_dir():
            return False
        raise VoxmintError(f"`{shown(str(path.parent))}` is not a folder") from None
    return True


# ── what is said ─────────────────────────────────────────────────────────────────────────────────


def _report(options: Options, world: "World", made: list[str], kept: list[str]) -> None:
    screen = world.out
    if not world.is_quiet:
        _say(world, "made", (_joined(options.folder, path) for path in made))
        _say(world, "kept", (_joined(options.folder, path) for path in kept))
    missing = _unignored(world.cwd / options.folder) if _IGNORE in kept else []
    if missing:
        world.err.line(f"add to {_joined(options.folder, _IGNORE)}, so that no token is committed:")
        for line in missing:
            world.err.line(f"  {line}")
    if not world.is_quiet:
        screen.line()
        screen.line(f"next  voxmint{_at(options)} mint -e local         tokens from the emulator")
        screen.line(f"      voxmint{_at(options)} mint -e production    once OPENAI_API_KEY is set")


def _say(world: "World", word: str, paths: Iterable[str]) -> None:
    for path in paths:
        world.out.line(f"{word}  {path}")


def _unignored(folder: Path) -> list[str]:
    """The lines that the folder's .gitignore lacks, as far as its own lines tell."""
    try:
        text = (folder / _IGNORE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return list(_SAME)
    lines = {line.strip() for line in text.splitlines()}
    return [line for line, same in _SAME.items() if not lines & {line, *same}]


def _at(options: Options) -> str:
    from shlex import quote

    return "" if options.folder == "." else f" -C {quote(options.folder)}"


def _joined(folder: str, path: str) -> str:
    from voxmint.shown import shown

    return shown(path if folder == "." else f"{folder.rstrip('/')}/{path}")


@command_named("init", "voxmint init", "voxmint init speech && voxmint -C speech validate")
@click.argument("folder", metavar="[DIR]", default=".")
def command(world: "World", folder: str) -> int:
    """Make a project in DIR, by default in the current folder.

    It has a base and two profiles, an environment that mints on the emulator at once, and one for
    production to fill in. A file that is there already is left as it is.
    """
    return init(Options(folder), world)
