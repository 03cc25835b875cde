"""How long a review takes: two commits compiled and compared, beside one compile and `git diff`."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet
from benchmarks.figures import Claim, Comparison, Figure, MemoryRatio, Suite, compare
from benchmarks.measure import in_turn, inside, process

PROFILES = 1000
BODIES = PROFILES * len(fleet.ENVIRONMENTS)
_HOME = "speech"
"""The project's folder in the repository: what is beside it changes without it."""
BASE, CHANGED, ELSEWHERE = "HEAD~2", "HEAD~1", "HEAD"
_EDIT = ("prefix_padding_ms: 300", "prefix_padding_ms: 310")
_AUTHOR = ("-c", "user.name=fleet", "-c", "user.email=fleet@example")

DIFF = Claim(
    f"diff of {BODIES:,} bodies, a base changed",
    "compiling one of the two commits, its files read from git's objects",
    aim=1.5,
    note="as a call: both are compiled and compared, and each change led back to its edit",
)
MEMORY = Claim(
    f"diff of {BODIES:,} bodies, a base changed: peak memory",
    "compiling one of the two commits",
    aim=2.0,
)
SAME = Claim(
    "diff of two commits with the same project",
    "compiling one of the two commits, its files read from git's objects",
    aim=0.1,
    note="as a call: git says by the name of the folder's tree that nothing differs",
)
GIT = Claim(
    f"`voxmint diff`, {BODIES:,} bodies, a base changed",
    "`git diff` of the same commits",
    aim=400,
    note="the whole process; git compares two lines",
)


def write(folder: Path, profiles: int = PROFILES) -> Path:
    """Makes a repository with a fleet, an edit of its base, and a commit of something else.

    Gives the project's folder.
    """
    _git(folder, "init", "--quiet")
    fleet.write(folder / _HOME, fleet.files(range(profiles)))
    _commit(folder, "a fleet")
    base = folder / _HOME / "profiles/base.yaml"
    base.write_text(base.read_text(encoding="utf-8").replace(*_EDIT), encoding="utf-8")
    _commit(folder, "more padding")
    (folder / "README").write_text("Of the fleet.\n", encoding="utf-8")
    _commit(folder, "a word on it")
    return folder / _HOME


def _commit(folder: Path, said: str) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", said)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *_AUTHOR, *arguments], cwd=folder, check=True)


def _measure(repeats: int) -> list[Figure]:
    with TemporaryDirectory() as folder:
        home = str(write(Path(folder)))
        one = inside("compile_commit", home, CHANGED, str(BODIES))
        both = inside("diff_commits", home, BASE, CHANGED, str(BODIES))
        same = inside("diff_commits", home, CHANGED, ELSEWHERE, "0")
        command = (sys.executable, "-m", "voxmint", "-C", home, "diff", BASE, CHANGED)
        plain = ("git", "-C", home, "diff", BASE, CHANGED)
        floors, subjects = in_turn([one, both], repeats)
        return [
            Comparison(DIFF, subjects, floors),
            MemoryRatio(MEMORY, subjects, floors),
            compare(SAME, same, one, repeats),
            compare(GIT, process(command), process(plain), repeats),
        ]


SUITE = Suite((DIFF, MEMORY, SAME, GIT), _measure)
