"""Runs command lines in processes of their own, forked from one that has everything imported.

Reads from the standard input, one JSON object a line. One with a `folder` starts a run, and the
number of its process is written; one with `wait` waits for a process, and how it ended is written.
A fork takes a tenth of the time of starting Python anew, so that hundreds of runs can be killed in
a minute; each is a process like any other.
"""

import io
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC
from importlib import import_module
from itertools import count
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import voxmint
from voxmint.cli.main import main
from voxmint.cli.world import World, this_world

NOW = 1_800_000_000.0
NOBODY = 65534
STEPS = ("files", "ledger", "delivery", "courier", "locks", "state", "sinks")
"""The modules and folders of the engine that keep what was minted: their steps are counted."""


PROJECT = {
    "voxmint.yaml": "version: 1\n",
    "profiles/clinic.yaml": "session: {input_audio_transcription: {model: whisper-1}}\n",
    "environments/local.yaml": "sinks: [{kind: dotenv, path: .env}]\nprovider: {kind: emulator}\n",
    "environments/wrong.yaml": "sinks: [{kind: dotenv, path: ..}]\nprovider: {kind: emulator}\n",
}


def serve() -> None:
    for name in _modules():
        import_module(name)
    with TemporaryDirectory() as folder:
        _warm_up(Path(folder))
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            _answer(os.waitstatus_to_exitcode(status))
            continue
        child = os.fork()
        if child == 0:
            os._exit(_run(asked))
        _answer(child)


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _warm_up(folder: Path) -> None:
    """Has everything imported that is imported late, by a run that is good and one that is not."""
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    for environment in ("local", "wrong"):
        streams = io.StringIO(), io.StringIO(), io.StringIO()
        main(["mint", "-e", environment], World(*streams, os.environ, folder))


def _modules() -> Iterator[str]:
    """All of the program: an ordinary user may not be able to read this interpreter's files."""
    found = walk_packages(voxmint.__path__, "voxmint.")
    return (module.name for module in found if not module.name.endswith("__main__"))


def _run(asked: Mapping[str, Any]) -> int:
    os.chdir(asked["folder"])
    with Path(asked["output"]).open("w") as output:
        here = this_world()
        world = World(here.stdin, output, output, asked["environ"], Path.cwd(), lambda: NOW, UTC)
        _restrict(asked)
        if asked["at_step"] is not None:
            _count_steps(asked["at_step"], asked["after"])
        return main(asked["arguments"], world)


def _restrict(asked: Mapping[str, Any]) -> None:
    """What the run may not: write files beyond a size, or be the superuser."""
    if asked["largest"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest"],) * 2)
    if asked["ordinary"] and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def _count_steps(last: int, begun: str) -> None:
    """Has the process kill itself at a step, counted from when the file `begun` is there.

    A step is a call, of Python's or of the system's, that a module of `STEPS` makes.
    """
    numbers = count()
    has_begun = [False]

    def step(frame: FrameType, event: str, _: object) -> None:
        if event not in {"call", "c_call"} or not _is_counted(frame.f_code.co_filename):
            return
        has_begun[0] = has_begun[0] or os.path.exists(begun)  # noqa: PTH110  # once a step: quick
        if has_begun[0] and next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(step)
    sys.setprofile(step)


def _is_counted(file: str) -> bool:
    _, found, inside = file.rpartition("/voxmint/engine/")
    parts = inside.removesuffix(".py").split("/")
    return bool(found) and any(part in STEPS for part in parts)


if __name__ == "__main__":
    serve()
