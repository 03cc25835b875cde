"""Runs of the program as processes of their own, started by the dozen; see `nursery.py`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.engine.worlds import ROOT, environ


class Started(NamedTuple):
    """A run that was started: its process, and the file that takes what it says."""

    process: int
    output: Path

    @property
    def said(self) -> str:
        return self.output.read_text()


class Nursery:
    """Where runs are forked."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("nursery.py")
        self._process = subprocess.Popen(
            [sys.executable, script],
            env={**environ(ROOT), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(
        self,
        folder: Path,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        output: Path,
        *,
        at_step: int | None = None,
        after: Path | None = None,
        largest: int | None = None,
        ordinary: bool = False,
    ) -> Started:
        """Start a run of the command line in a folder.

        It kills itself `at_step`, counted from when the file `after` is there; it can write no file
        beyond `largest` bytes; where it is `ordinary`, it is not the superuser.
        """
        asked = {
            "folder": str(folder),
            "arguments": arguments,
            "environ": {**environ(folder.parent), **variables},
            "output": str(output),
            "at_step": at_step,
            "after": str(after or os.devnull),
            "largest": largest,
            "ordinary": ordinary,
        }
        return Started(self._ask(asked), output)

    def ended(self, started: Started) -> int:
        """How a run ended, once it has: its exit code, or the signal's number below nought."""
        return self._ask({"wait": started.process})

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, asked: Mapping[str, object]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@contextmanager
def a_nursery() -> Iterator[Nursery]:
    """A nursery, for as long as it is needed."""
    made = Nursery()
    try:
        yield made
    finally:
        made.close()
