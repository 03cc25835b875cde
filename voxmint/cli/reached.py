"""`voxmint validate --changed BASE`: what a change can reach, and how that is known."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from voxmint.cli.compiling import Compiled, Selection, compile_selection
from voxmint.cli.display.screen import Screen
from voxmint.cli.display.words import number
from voxmint.engine.changed import Changed, changed_since
from voxmint.profiles.order import lost_names
from voxmint.shown import shown

if TYPE_CHECKING:
    from voxmint.cli.world import World
    from voxmint.profiles.compiled import Compilation

_MOST_FILES = 3


class Reached(NamedTuple):
    """What was compiled, nothing where nothing differs, and why just that."""

    changed: Changed
    compiled: Compiled | None

    @property
    def is_everything(self) -> bool:
        return bool(self.changed.whole)


def compile_reached(selection: Selection, base: str, world: "World") -> Reached:
    """Compiles what the files that differ reach; everything, where that is not known."""
    changed = changed_since(base, world.cwd, world.environ)
    if not changed.whole and not changed.files:
        return Reached(changed, None)
    if not changed.whole:
        compiled = compile_selection(selection, world, changed=frozenset(changed.files))
        whole = _unknown(compiled, changed, is_all=selection == Selection())
        if not whole:
            return Reached(changed, compiled)
        changed = changed._replace(whole=whole)
    return Reached(changed, compile_selection(selection, world, idle=True))


def _unknown(compiled: Compiled, changed: Changed, *, is_all: bool) -> str:
    """Why the lineages do not say all that is reached; "" where they do."""
    lost = lost_names(compiled.order, compiled.compilation)
    if lost:
        return f"what `{lost[0]}` extends cannot be made out"
    # Of a part of the project it is as it should be that other files are in none of its bodies.
    part_of = _bodies_by_file(compiled.compilation) if is_all else dict.fromkeys(changed.files, 1)
    idle = [file for file in changed.files if file not in part_of]
    return f"{idle[0]} is part of no body" if idle else ""


def _bodies_by_file(compilation: "Compilation") -> Mapping[str, int]:
    """How many of the bodies that were compiled each file is part of."""
    counts: dict[str, int] = {}
    for profile, environment in compilation.attempted:
        files = {one.file for one in compilation.profiles[profile].lineage}
        files |= {one.file for one in compilation.environments[environment].lineage}
        for file in files:
            counts[file] = counts.get(file, 0) + 1
    return counts


# ── how it is told ───────────────────────────────────────────────────────────────────────────────


def tell(screen: Screen, reached: Reached, *, is_verbose: bool) -> None:
    """Says what was looked at, and how it was known that this is all."""
    for line in _lines(reached, is_verbose=is_verbose):
        screen.line(shown(line))


def _lines(reached: Reached, *, is_verbose: bool) -> Iterator[str]:
    changed, compiled = reached
    why = f", {changed.base.why}" if changed.base.why else ""
    base = f"{changed.base.name}{why}"
    if compiled is None:
        yield f"nothing is checked: no file of the project differs from {base}"
        return
    if changed.whole:
        yield f"everything is checked: compared with {base}, {changed.whole}"
        return
    compilation = compiled.compilation
    total = sum(len(one.profiles) for one in compilation.environments.values())
    files = list(changed.files[:_MOST_FILES])
    files += ["…"] if len(changed.files) > len(files) else []
    count = len(changed.files)
    yield (
        f"{len(compilation.attempted):,} of {number(total, 'body', 'bodies')} checked: those made "
        f"of {number(count, 'file')} that {'differs' if count == 1 else 'differ'} from {base}: "
        f"{', '.join(files)}"
    )
    if is_verbose:
        counts = _bodies_by_file(compilation)
        for file in changed.files:
            yield f"  {file}: in the lineage of {number(counts.get(file, 0), 'body', 'bodies')}"


def as_json(reached: Reached) -> Mapping[str, object]:
    """The same, as programs read it."""
    changed = reached.changed
    return {
        "changed": {
            "base": {
                "name": changed.base.name,
                "commit": changed.base.commit,
                "why": changed.base.why or None,
            },
            "files": list(changed.files),
            "everything": changed.whole or None,
        }
    }
