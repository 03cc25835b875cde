"""Mints for one command, and becomes it: the tokens are in its environment and nowhere else.

    compile → check the host → name the variables → find the program → read the key → note, send and
    hold → become the command

Nothing that a sink holds is read or written. The process is replaced and no child is started: its
number, terminal, signals and exit code are then the command's own, and of voxmint nothing is left,
not even the environment it was started with, which a parent would go on showing to every process of
this user.

The environment's lock is not taken: nothing is written that two runs could spoil, and many commands
may start at once.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import NoReturn

from voxmint.engine.durations import spoken
from voxmint.engine.edge import Edge, Operator
from voxmint.engine.handing import (
    Names,
    Wishes,
    environment_for,
    hidden_variables,
    names_of,
    usual_of,
    values_of,
)
from voxmint.engine.ledger.ledger import Handed, Intent, Ledger, Minted, Outcome as RequestOutcome
from voxmint.engine.mint import selected
from voxmint.engine.minting.bench import Bench
from voxmint.engine.minting.delivery import Delivered
from voxmint.engine.plan import Plan, SinkPlace, Unseen
from voxmint.engine.project import Project
from voxmint.engine.providers import PROVIDERS
from voxmint.engine.report import Made, Outcome, Report, told_once
from voxmint.engine.sinks.contract import Delivery, SinkOutcome
from voxmint.engine.state import made_state
from voxmint.engine.wording import EXEC_TOO_SHORT
from voxmint.problems import Problem, UsageError
from voxmint.profiles.order import Order
from voxmint.secret import Secret

_PLACE = SinkPlace("exec", "the command's environment", "")
_MOST_ROUNDS = 3
"""How often tokens are renewed that grew too old while the others were minted."""
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class NoProgramError(UsageError):
    """There is no such program: 127, as of a shell."""

    exit_code = 127


class NotRunnableError(UsageError):
    """What is there cannot be run: 126, as of a shell."""

    exit_code = 126


@dataclass(frozen=True, slots=True)
class Start:
    """What is to be started: the words of the command line, where, and what it is given."""

    words: tuple[str, ...]
    folder: Path
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class Launch:
    """A command that is ready, or what kept it from that.

    `report` is about its tokens, and all of them are good where `is_ready`.
    """

    report: Report
    program: Path
    start: Start
    environ: Mapping[str, str] = field(repr=False)
    hand: "_Hand"

    @property
    def is_ready(self) -> bool:
        return not self.report.bad and not self.report.is_interrupted

    def go(self) -> NoReturn:
        """Become the command; `NotRunnableError` where the system refuses to.

        Nothing of this process is run any more: flush its streams before.
        """
        self.hand.let_go()
        os.chdir(self.start.folder)
        for number in _IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_DFL)
        try:
            # No shell: the words are those of whoever typed them.
            os.execve(self.program, self.start.words, dict(self.environ))  # noqa: S606  # see above
        except (OSError, ValueError) as error:
            self.hand.take_back()
            said = (getattr(error, "strerror", None) or "it cannot be run").lower()
            raise NotRunnableError(
                f"`{self.start.words[0]}` cannot be run: {said}",
                "a script's first line says what runs it, as in #!/bin/sh",
            ) from error


@contextmanager
def prepared(
    project: Project, order: Order, start: Start, operator: Operator, edge: Edge
) -> Iterator[Launch]:
    """Mint what a command is to have, and have it ready; the ledger is open meanwhile.

    Raises `ProblemsError` and `UsageError` for what is wrong before the first request, and
    `InterruptedRunError` where the run is stopped before it. What goes wrong later is in the
    launch's report.
    """
    begun = time.monotonic()
    selection = selected(project, order, operator, edge)
    usual = usual_of(selection, edge.environ)
    names = names_of(selection, usual, start.wishes)
    program = program_of(start, edge.environ)
    state = made_state(project.root, edge.environ)
    with Ledger.open(state.ledger) as ledger:
        hand = _Hand(ledger, selection.environment.name)
        bench = Bench(selection, ledger, (), edge, hand)
        made, key, plan = _minted(bench, hand, operator)
        results = tuple(made.results[entry.profile] for entry in plan.entries)
        report = Report(
            plan.environment,
            plan.target,
            results,
            (*plan.unseen, *made.unseen),
            problems=made.problems,
            is_interrupted=edge.stop.is_asked,
            skew=plan.skew if made.skew is None else made.skew,
            seconds=time.monotonic() - begun,
        )
        taken = tuple(name for held in names.values() for name in held.values())
        kept = environment_for(edge.environ, start.wishes, hidden_variables(selection), key, taken)
        environ = {**kept, **usual.constants, **hand.values(names)}
        if "PWD" in environ:
            environ["PWD"] = str(start.folder)
        yield Launch(report, program, start, environ, hand)


# ── before anything is sent ──────────────────────────────────────────────────────────────────────


def program_of(start: Start, environ: Mapping[str, str]) -> Path:
    """The file that is run, found as a shell finds it; looked for before anything is minted.

    `NoProgramError` where there is none, `NotRunnableError` where it may not be run.
    """
    word = start.words[0]
    folders = [""] if "/" in word else os.get_exec_path(environ)
    candidates = [start.folder / folder / word for folder in folders]
    # Of a folder that this user may not enter, `is_file` raises.
    there = [path for path in candidates if word and os.access(path, os.F_OK) and path.is_file()]
    for path in there:
        if os.access(path, os.X_OK):
            return path
    if there:
        raise NotRunnableError(
            f"`{word}` cannot be run: it is not executable", f"chmod +x {there[0]}"
        )
    if "/" in word:
        raise NoProgramError(f"there is no program `{word}`, so nothing was minted")
    raise NoProgramError(
        f"there is no program `{word}` in PATH, so nothing was minted",
        "a built-in of the shell or a pipe needs one: -- sh -c '…'",
    )


# ── tokens, in this process alone ────────────────────────────────────────────────────────────────


def _minted(bench: Bench, hand: "_Hand", operator: Operator) -> tuple[Made, Secret | None, Plan]:
    """Mints for every profile; once more where a token grew too old while others were minted."""
    from voxmint.engine.minting.running import carry_out, key_of

    plan = bench.plan(replace(operator, force=True))
    key = key_of(bench, operator)
    made = carry_out(plan, bench, operator, key, (_PLACE,))
    needed = operator.min_remaining or 0.0
    for _ in range(_MOST_ROUNDS):
        short = hand.short_of(needed, bench.edge.now())
        if not short or bench.edge.stop.is_asked or not _all_good(made):
            break
        entries = tuple(entry for entry in plan.entries if entry.profile in short)
        once_more = replace(plan, entries=entries)
        made = _joined(made, carry_out(once_more, bench, operator, key, (_PLACE,)))
    is_placeholder = PROVIDERS[plan.target.kind].placeholder is not None
    made = _with_short(made, hand, needed, bench.edge.now())
    if bench.edge.stop.is_asked or not _all_good(made):
        made = replace(made, unseen=(*made.unseen, *hand.unseen()))
    return made, None if is_placeholder else key, plan


def _all_good(made: Made) -> bool:
    return all(result.is_good for result in made.results.values())


def _joined(first: Made, second: Made) -> Made:
    """Two rounds as one: the later result counts, and no request of the first is forgotten."""
    results = dict(first.results)
    for profile, result in second.results.items():
        before = results[profile].attempts if profile in results else 0
        results[profile] = replace(result, attempts=before + result.attempts)
    problems = told_once((*first.problems, *second.problems))
    skew = first.skew if second.skew is None else second.skew
    return Made(results, (*first.unseen, *second.unseen), problems, skew)


def _with_short(made: Made, hand: "_Hand", needed: float, now: float) -> Made:
    """As it was made, with what does not live long enough failed."""
    short = hand.short_of(needed, now)
    results = dict(made.results)
    for profile, left in short.items():
        facts = {"left": spoken(left), "needed": spoken(needed)}
        if results[profile].is_good:
            results[profile] = replace(
                results[profile],
                outcome=Outcome.UNWRITTEN,
                problem=Problem(EXEC_TOO_SHORT, facts=facts),
            )
    return replace(made, results=results)


class _Hand:
    """Holds what is minted until the command is there to take it; a keeper for the courier.

    What was answered stays open in the ledger until then: if this process is killed, the next run
    names the tokens that nobody has.
    """

    def __init__(self, ledger: Ledger, environment: str) -> None:
        self._ledger = ledger
        self._environment = environment
        self._minted: dict[str, Minted] = {}
        self._replaced: list[Minted] = []
        self.deliveries: dict[str, Delivery] = {}

    def record(self, outcomes: Sequence[RequestOutcome]) -> None:
        """Put down what became of requests that gave no token."""
        for one in outcomes:
            if isinstance(one, Minted):
                if one.profile in self._minted:
                    self._replaced.append(self._minted[one.profile])
                self._minted[one.profile] = one
        others = [one for one in outcomes if not isinstance(one, Minted)]
        if others:
            self._ledger.record(self._environment, others)

    def deliver(
        self, deliveries: Sequence[Delivery], remove: frozenset[str] = frozenset()
    ) -> tuple[Delivered, ...]:
        """Hold these, and let go of those; nothing here can fail."""
        for profile in remove:
            self.deliveries.pop(profile, None)
        self.deliveries |= {delivery.profile: delivery for delivery in deliveries}
        written = dict.fromkeys((delivery.profile for delivery in deliveries), SinkOutcome.WRITTEN)
        return (Delivered(written, {}),)

    def values(self, names: Mapping[str, Names]) -> dict[str, str]:
        """The variables that hold these tokens, and what belongs to them."""
        found: dict[str, str] = {}
        for profile, delivery in self.deliveries.items():
            found |= values_of(names[profile], delivery)
        return found

    def short_of(self, needed: float, now: float) -> dict[str, float]:
        """The profiles whose token has no more than so many seconds left, and how many it has."""
        left = {
            one.profile: one.expires_at - now - (one.skew or 0.0) for one in self._minted.values()
        }
        return {profile: seconds for profile, seconds in left.items() if seconds <= needed}

    def unseen(self) -> tuple[Unseen, ...]:
        """The tokens that live, and that no command will be given."""
        return tuple(
            Unseen(one.profile, _last_expiry(one))
            for one in (*self._replaced, *self._minted.values())
        )

    def let_go(self) -> None:
        """Put down that the command has the tokens."""
        self._ledger.record(
            self._environment, [Handed(one.intent) for one in self._minted.values()]
        )

    def take_back(self) -> None:
        """Put down that it has not got them after all."""
        intents = [
            Intent(one.profile, one.digest, one.minted_at, _last_expiry(one))
            for one in self._minted.values()
        ]
        self._ledger.intend(self._environment, intents)


def _last_expiry(minted: Minted) -> int:
    """The last moment at which a token could live, by this machine's clock, in Unix seconds."""
    behind = max(0.0, -(minted.skew or 0.0))
    return ceil(minted.expires_at + behind)
