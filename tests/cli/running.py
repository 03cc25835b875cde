"""What the command line's tests share: a command line run in a world of its own, or a process."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple

from voxmint.cli.main import main
from voxmint.cli.world import World

ROOT = Path(__file__).parents[2]
NOW = 1_800_000_000.0
"""The moment at which every test's clock stands: 2027-01-15 08:00:00 UTC."""


class Ran(NamedTuple):
    """How a command line ended, and what it wrote."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        """As a golden result shows it."""
        return f"exit code {self.code}\n── output\n{self.out}── errors\n{self.err}"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Encoded(io.TextIOWrapper):
    """A stream of another encoding, that refuses what that lacks."""

    def __init__(self, encoding: str) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding=encoding, errors="strict", newline="")

    def getvalue(self) -> str:
        self.flush()
        return self._bytes.getvalue().decode(self.encoding)


def ran(
    folder: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    stream: Any = io.StringIO,
    stdin: str = "",
    now: float = NOW,
) -> Ran:
    """Runs a command line in this process, in a world of its own."""
    out, err = stream(), stream()
    world = World(io.StringIO(stdin), out, err, dict(environ or {}), folder, lambda: now, UTC)
    code = main(arguments, world)
    return Ran(code, out.getvalue(), err.getvalue())


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a process that knows nothing of the person who runs the tests."""
    known = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)}
    return {**known, "TZ": "UTC", "LC_ALL": "C.UTF-8", **more}


def process(folder: Path, *arguments: str, **more: str) -> Ran:
    """Runs a command line as a process; `more` are variables of its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "voxmint", *arguments],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        timeout=120,
        check=False,
    )
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    return Ran(done.returncode, out, err)


def console_script(folder: Path) -> Path:
    """Makes the console script in a folder of its own, as pip would; its path."""
    folder.mkdir(exist_ok=True)
    path = folder / "voxmint"
    start = f"import sys; sys.path[0] = {str(ROOT)!r}; from voxmint.cli.main import run; run()"
    path.write_text(f"#!{sys.executable}\n{start}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes the files; the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


SOUND: Mapping[str, str] = {
    "voxmint.yaml": "version: 1\n",
    "profiles/base.yaml": """\
abstract: true
labels: {tier: silver}
session:
  input_audio_transcription: {model: gpt-transcribe, language: en}
  turn_detection: {type: server_vad, threshold: 0.5}
""",
    "profiles/clinic.yaml": """\
extends: base
description: Dictation in the exam rooms
labels: {team: clinic, tier: gold}
session:
  input_audio_transcription:
    language: no
    prompt: |
      Expect words such as "blodtrykk":
      it's a clinic.
  turn_detection: null
""",
    "profiles/call-center/german.yaml": """\
extends: base
session:
  input_audio_transcription: {language: de, prompt: Grüße aus Köln.}
expires_after: {seconds: 120}
""",
    "environments/local.yaml": "provider: {kind: emulator}\n",
    "environments/production.yaml": """\
provider: {kind: openai, key: {env: OPENAI_API_KEY}, project: proj_1}
profiles: ["*", "!call-center/*"]
overlay:
  - where: {labels: {tier: gold}}
    session: {input_audio_noise_reduction: {type: far_field}}
""",
}
"""A project with nothing wrong."""

BROKEN: Mapping[str, str] = {
    **SOUND,
    "profiles/clinic.yaml": """\
extends: base
session:
  turn_detektion: null
  input_audio_format: "{{ vars.format }}"
""",
    "profiles/live.yaml": """\
extends: base
session:
  input_audio_transcription: {model: gpt-realtime-whisper}
""",
    "environments/production.yaml": """\
provider: {kind: openai, key: {env: OPENAI_API_KEY}}
profiles: ["*", "!*-test"]
""",
}
"""A project with mistakes in several files, and two places that contradict each other."""
