"""What the tests of minting share: small projects, and a mint of one that does not wait long."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any, TypeVar

from tests.engine.scripted import Answered, Asked, Script, Scripted, said
from tests.engine.worlds import environ, new_repository
from voxmint.engine.edge import Edge, Operator
from voxmint.engine.events import Event
from voxmint.engine.ledger.ledger import Ledger, SessionRecord
from voxmint.engine.mint import mint, plan_profiles
from voxmint.engine.minting.retry import Patience
from voxmint.engine.minting.stop import Stop
from voxmint.engine.plan import Plan
from voxmint.engine.project import Project
from voxmint.engine.report import Report, Result

NOW = 1_800_000_000.0
KEY = "sk-canary-0123456789abcdefghijklmnop"
QUICK = Patience(first_pause=0.01, longest_pause=0.05, connect=60.0, request=60.0, grace=60.0)
"""Patience for tests: short pauses, and all the time that a busy machine takes to answer."""


class Brief(float):
    """Seconds that pass in full for the first few requests of a run, of which nothing will come.

    Those after them have a minute: what is answered at once counts as such, however busy the
    machine is.
    """

    def __init__(self, _: float, requests: int = 1) -> None:
        self._left = requests

    def __new__(cls, seconds: float, _: int = 1) -> "Brief":
        return super().__new__(cls, seconds)

    def __radd__(self, moment: float) -> float:
        """When a request that begins at that moment has had its time."""
        self._left -= 1
        return moment + (float(self) if self._left >= 0 else 60.0)


Found = TypeVar("Found")


def with_time(tried: Callable[[float], Found], is_enough: Callable[[Found], bool]) -> Found:
    """What comes of a run that is out of time at one point, with so many seconds as take it there.

    The first time is short, so that nobody waits long. On a busy machine it can be over before the
    run has come to that point: then there is more of it, and in the end plenty.
    """
    for seconds in (1.0, 5.0):
        found = tried(seconds)
        if is_enough(found):
            return found
    return tried(25.0)


_BASE = """\
abstract: true
session:
  input_audio_transcription: {model: gpt-live-transcribe, language: en}
  turn_detection: null
"""


@dataclass
class Desk:
    """A project in a folder of its own, and the world in which it is minted.

    `environ` are the variables that are set; the clock stands at `now` until it is moved.
    """

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    now: float = NOW
    events: list[Event] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)
    patience: Patience = QUICK

    @property
    def project(self) -> Project:
        return Project(self.root)

    @property
    def env_file(self) -> Path:
        return self.root / ".env.live"

    @property
    def variables(self) -> dict[str, str]:
        """What the env file sets."""
        lines = self.env_file.read_text().splitlines() if self.env_file.exists() else []
        return dict(line.split("=", 1) for line in lines)

    @property
    def sessions(self) -> Mapping[str, SessionRecord]:
        """What the ledger knows of the environment."""
        with Ledger.open(self.root / ".voxmint/ledger.db", readonly=True) as ledger:
            return ledger.sessions("live")

    @property
    def open_intents(self) -> list[str]:
        """The profiles of which a token may live unseen, as the ledger has it."""
        with Ledger.open(self.root / ".voxmint/ledger.db", readonly=True) as ledger:
            return [one.intent.profile for one in ledger.open_intents("live", self.now)]

    def edge(self, **others: Any) -> Edge:
        return Edge(
            environ(self.root.parent) | self.environ,
            now=lambda: self.now,
            chance=lambda: 0.0,
            patience=self.patience,
            on_event=self.events.append,
            stop=self.stop,
            command="voxmint mint -e live",
            **others,
        )

    def mint(self, *profiles: str, api: str | None = None, **operator: Any) -> Report:
        order = self.project.order(profiles, ["live"], api=api)
        return mint(self.project, order, Operator(lock_timeout=60, **operator), self.edge())

    def plan(self, *profiles: str, **operator: Any) -> Plan:
        order = self.project.order(profiles, ["live"])
        return plan_profiles(self.project, order, Operator(**operator), self.edge())

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def told(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def desk(
    root: Path,
    profiles: Sequence[str] = ("clinic",),
    provider: str = "{kind: emulator}",
    more: str = "",
) -> Desk:
    """A project with these profiles in the environment `live`, in a repository of its own."""
    made = Desk(root.resolve() / "project")
    made.write("voxmint.yaml", "version: 1\n")
    made.write(".gitignore", ".env.*\n")
    made.write("profiles/base.yaml", _BASE)
    for name in profiles:
        made.write(f"profiles/{name}.yaml", "extends: base\n")
    sinks = "" if "sinks:" in more else "sinks: [{kind: dotenv, path: .env.live}]\n"
    made.write("environments/live.yaml", f"provider: {provider}\n{sinks}{more}")
    new_repository(made.root)
    return made


def against(server: Scripted, desk: Desk, more: str = "", **mint: Any) -> Desk:
    """The project minting at a scripted server, at an endpoint that is asked with a key."""
    text = desk.root / "environments/live.yaml"
    provider = f"{{kind: compatible, url: {server.url}, key: {{env: THE_KEY}}}}"
    pace = "".join(f"  {name}: {value}\n" for name, value in mint.items())
    lines = text.read_text().splitlines(keepends=True)
    lines[0] = f"provider: {provider}\n"
    text.write_text("".join(lines) + more + (f"mint:\n{pace}" if pace else ""))
    desk.environ |= {"THE_KEY": KEY, "VOXMINT_ALLOW_HOSTS": "127.0.0.1"}
    return desk


def only(report: Report) -> Result:
    """The one result of a report."""
    [result] = report.results
    return result


def outcomes(report: Report) -> dict[str, str]:
    """What became of each profile."""
    return {result.profile: str(result.outcome) for result in report.results}


def at_clock(ahead: float, lifetime: float = 600) -> Script:
    """A service whose clock is so many seconds ahead."""

    def script(number: int, _: Asked) -> Answered:
        then = NOW + ahead
        secret = {"value": f"ek_scripted{number:06}", "expires_at": int(then + lifetime)}
        content = {"id": f"sess_{number}", "client_secret": secret}
        return said(content, headers={"Date": formatdate(then, usegmt=True)})

    return script


Make = Callable[..., Desk]
