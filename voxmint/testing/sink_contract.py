"""What every sink promises, as tests that any sink can be held against.

A package that brings a sink of its own tells how its destination is looked at, and inherits the
tests:

    from voxmint.testing.sink_contract import Destination, SinkContract, sink_in

    class Table(Destination):
        def sink(self, *profiles):
            return sink_in(self.folder, SqliteSink, {"table": "tokens"}, *profiles)

        def read(self): ...
        def state(self): ...

    class TestSqliteSink(SinkContract):
        @pytest.fixture
        def destination(self, tmp_path):
            return Table(tmp_path)

docs/own-sink.md walks through a whole one. Needs pytest, which voxmint itself does not.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import pytest

from voxmint.engine.git import repository
from voxmint.engine.locks import Locks
from voxmint.engine.sinks.contract import (
    Change,
    Delivery,
    Receipt,
    Sink,
    SinkOutcome,
    Surroundings,
)
from voxmint.engine.state import made_state
from voxmint.problems import Problem, VoxmintError
from voxmint.secret import Secret

Values = Mapping[str, str]
"""What is known of a session, as texts: `client_secret`, `expires_at` and `session_id`."""
Obstacle = Callable[[], AbstractContextManager[object]]
"""Something that stands in the way for as long as its context is open."""

STEPS = ("preflight", "stage", "switch")

WRITTEN, UNCHANGED = SinkOutcome.WRITTEN, SinkOutcome.UNCHANGED
REMOVED, FAILED = SinkOutcome.REMOVED, SinkOutcome.FAILED


class Destination(ABC):
    """One destination of a sink, empty when it is made, and ways to look at it from outside.

    `keeps`: what is written can be looked at, replaced and taken out later; a stream cannot.
    """

    keeps: ClassVar[bool] = True

    @abstractmethod
    def sink(self, *profiles: str) -> Sink:
        """A new sink for this destination, as each run makes one; for these profiles."""

    @abstractmethod
    def read(self) -> Mapping[str, Values]:
        """What an application finds there, by profile; not read by the sink's own code."""

    @abstractmethod
    def state(self) -> object:
        """What would show that the destination was touched, equal to itself if it was not."""

    def add_foreign(self) -> bool:
        """Put something of somebody else's there; `False` where nothing can be."""
        return False

    def foreign(self) -> object:
        """What is there of somebody else's, equal to itself where it is untouched."""
        return None

    def obstacles(self) -> Mapping[str, Obstacle]:
        """By step, what makes it fail: `preflight`, `stage`, or `switch` after it was staged."""
        return {}


def sink_in(
    folder: Path,
    kind: type[Sink],
    settings: Mapping[str, object],
    *profiles: str,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Sink:
    """A new sink of this class, as each run of the environment `production` makes one.

    The project is in `folder`; `settings` are what its file says beside `kind`, and `environ` are
    the operator's variables.
    """
    state = made_state(folder, environ)
    around = Surroundings(
        project=folder,
        environment="production",
        profiles=profiles,
        state=state,
        locks=Locks(state.locks, "voxmint mint", timeout=30),
        git=partial(repository, environ={"PATH": os.environ["PATH"], **environ}),
        environ=environ,
    )
    return kind(kind.Options.model_validate(settings), around)


def session(profile: str, number: int = 1) -> Delivery:
    """A session of a profile, another one for each number."""
    expires_at = 1_800_000_000 + number
    token = Secret(f"ek_canary_{profile.replace('/', '_')}_{number}")
    return Delivery(profile, token, expires_at, f"sess_{number}")


def known(profile: str, number: int = 1) -> Values:
    """What an application is to find of that session."""
    one = session(profile, number)
    return {
        "client_secret": f"ek_canary_{profile.replace('/', '_')}_{number}",
        "expires_at": str(one.expires_at),
        "session_id": str(one.session_id),
    }


def delivering(*profiles: str, number: int = 1) -> Change:
    """A change that writes a session of each of these profiles."""
    return Change(tuple(session(profile, number) for profile in profiles))


def receipts_of(sink: Sink, change: Change) -> tuple[Receipt, ...]:
    """The receipts of a change, which is not carried out."""
    with sink.locked(), sink.stage(change) as staged:
        return staged.receipts


def errors_of(sink: Sink) -> list[Problem]:
    """What a sink's preflight finds that keeps it from being written."""
    return [problem for problem in sink.preflight() if problem.is_error]


class SinkContract:
    """The promises of a sink. Inherit it, and define the fixture `destination`."""

    @pytest.fixture
    def destination(self) -> Destination:
        """The destination of the sink that is looked at: each test has one of its own."""
        raise NotImplementedError("define the fixture `destination`")

    @pytest.fixture
    def keeping(self, destination: Destination) -> Destination:
        """A destination that can be looked at later."""
        if not destination.keeps:
            pytest.skip("it keeps nothing")
        return destination

    # ── before anything is written ───────────────────────────────────────────────────────────────

    def test_a_sound_sink_passes_and_nothing_is_touched(self, destination: Destination) -> None:
        before = destination.state()
        sink = destination.sink("clinic", "ward/7")
        assert errors_of(sink) == []
        assert list(sink.flaws()) == []
        assert sink.holds() == frozenset()
        assert destination.state() == before

    def test_it_says_where_it_writes(self, destination: Destination) -> None:
        one, other = destination.sink("clinic"), destination.sink("ward/7", "clinic")
        assert one.target
        assert one.kind
        # The ledger knows the place by this, whatever profiles there are.
        assert (one.kind, one.address) == (other.kind, other.address)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def test_what_is_written_can_be_read(self, destination: Destination) -> None:
        sink = destination.sink("clinic", "ward/7")
        outcomes = sink.write(delivering("clinic", "ward/7"))
        assert outcomes == {"clinic": WRITTEN, "ward/7": WRITTEN}
        assert destination.read() == {"clinic": known("clinic"), "ward/7": known("ward/7")}

    def test_a_session_may_have_no_id(self, destination: Destination) -> None:
        one = session("clinic")._replace(session_id=None)
        assert destination.sink("clinic").write(Change((one,))) == {"clinic": WRITTEN}
        found = destination.read()["clinic"]
        assert not found.get("session_id")
        assert found["client_secret"] == known("clinic")["client_secret"]

    def test_an_id_that_is_no_longer_there_goes(self, keeping: Destination) -> None:
        keeping.sink("clinic").write(delivering("clinic"))
        one = session("clinic", 2)._replace(session_id=None)
        keeping.sink("clinic").write(Change((one,)))
        assert not keeping.read()["clinic"].get("session_id")

    def test_an_empty_change_touches_nothing(self, destination: Destination) -> None:
        before = destination.state()
        assert destination.sink("clinic").write(Change()) == {}
        assert destination.state() == before

    def test_the_same_again_touches_nothing(self, keeping: Destination) -> None:
        keeping.sink("clinic", "ward/7").write(delivering("clinic", "ward/7"))
        before = keeping.state()
        outcomes = keeping.sink("clinic", "ward/7").write(delivering("clinic", "ward/7"))
        assert outcomes == {"clinic": UNCHANGED, "ward/7": UNCHANGED}
        assert keeping.state() == before

    def test_a_new_token_takes_the_place_of_the_old(self, keeping: Destination) -> None:
        keeping.sink("clinic", "ward/7").write(delivering("clinic", "ward/7"))
        outcomes = keeping.sink("clinic", "ward/7").write(delivering("clinic", number=2))
        assert outcomes == {"clinic": WRITTEN}
        assert keeping.read() == {"clinic": known("clinic", 2), "ward/7": known("ward/7")}

    def test_it_holds_what_was_written(self, keeping: Destination) -> None:
        keeping.sink("clinic", "ward/7").write(delivering("clinic"))
        assert keeping.sink("clinic", "ward/7").holds() == {"clinic"}

    # ── two phases ───────────────────────────────────────────────────────────────────────────────

    def test_what_is_staged_is_not_in_place(self, destination: Destination) -> None:
        before = destination.read()
        sink = destination.sink("clinic")
        with sink.locked(), sink.stage(delivering("clinic")) as staged:
            staged.read_back()
            assert destination.read() == before

    def test_what_is_staged_and_not_switched_is_taken_back(self, keeping: Destination) -> None:
        keeping.sink("clinic").write(delivering("clinic"))
        before = keeping.state()
        sink = keeping.sink("clinic")
        with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
            staged.read_back()
        assert keeping.state() == before
        assert keeping.read() == {"clinic": known("clinic")}

    def test_receipts_say_what_will_be_there(self, destination: Destination) -> None:
        sink = destination.sink("clinic", "ward/7")
        receipts = receipts_of(sink, delivering("clinic", "ward/7"))
        here = (sink.kind, sink.address)
        assert [one.profile for one in receipts] == ["clinic", "ward/7"]
        assert {(one.kind, one.target) for one in receipts} == {here}
        assert all(one.names for one in receipts)
        # The ledger takes a name for one profile's alone.
        names = [name for one in receipts for name in one.names]
        assert len(set(names)) == len(names)

    # ── taking out ───────────────────────────────────────────────────────────────────────────────

    def test_a_profile_can_be_taken_out(self, keeping: Destination) -> None:
        both = delivering("clinic", "ward/7")
        sink = keeping.sink("clinic", "ward/7")
        receipts = receipts_of(sink, both)
        sink.write(both)
        change = Change(remove=frozenset({"ward/7"}), receipts=receipts)
        assert keeping.sink("clinic", "ward/7").write(change) == {"ward/7": REMOVED}
        assert keeping.read() == {"clinic": known("clinic")}

    def test_what_a_deleted_profile_left_goes_by_its_receipt(self, keeping: Destination) -> None:
        both = delivering("clinic", "ward/7")
        sink = keeping.sink("clinic", "ward/7")
        receipts = receipts_of(sink, both)
        sink.write(both)
        change = Change((session("clinic", 2),), frozenset({"ward/7"}), receipts)
        outcomes = keeping.sink("clinic").write(change)
        assert outcomes == {"clinic": WRITTEN, "ward/7": REMOVED}
        assert keeping.read() == {"clinic": known("clinic", 2)}

    def test_without_a_receipt_nothing_is_guessed(self, keeping: Destination) -> None:
        keeping.sink("clinic", "ward/7").write(delivering("clinic", "ward/7"))
        keeping.sink("clinic").write(Change(remove=frozenset({"ward/7"})))
        assert "ward/7" in keeping.read()

    def test_receipts_of_other_places_do_not_count(self, keeping: Destination) -> None:
        both = delivering("clinic", "ward/7")
        sink = keeping.sink("clinic", "ward/7")
        receipts = receipts_of(sink, both)
        sink.write(both)
        others = tuple(one._replace(target=f"{one.target}.other") for one in receipts)
        keeping.sink("clinic").write(Change(remove=frozenset({"ward/7"}), receipts=others))
        assert "ward/7" in keeping.read()

    def test_taking_out_where_nothing_is_leaves_nothing(self, destination: Destination) -> None:
        before = destination.state()
        gone = Change(remove=frozenset({"ward/7"}))
        assert destination.sink("clinic").write(gone) == {"ward/7": REMOVED}
        assert destination.state() == before

    # ── other people's ───────────────────────────────────────────────────────────────────────────

    def test_what_others_keep_there_stays(self, destination: Destination) -> None:
        if not destination.add_foreign():
            pytest.skip("nothing of others can be there")
        before = destination.foreign()
        both = delivering("clinic", "ward/7")
        receipts = receipts_of(destination.sink("clinic", "ward/7"), both)
        for change in (
            both,
            delivering("clinic", number=2),
            Change(remove=frozenset({"clinic", "ward/7"}), receipts=receipts),
        ):
            destination.sink("clinic", "ward/7").write(change)
            assert destination.foreign() == before

    # ── secrets ──────────────────────────────────────────────────────────────────────────────────

    def test_no_token_is_shown(
        self,
        destination: Destination,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(0)
        sink = destination.sink("clinic")
        change = delivering("clinic")
        with sink.locked(), sink.stage(change) as staged:
            staged.read_back()
            shown = [repr(change), repr(sink), repr(staged), repr(staged.receipts)]
            shown += [repr(vars(sink)), repr(getattr(staged, "__dict__", None))]
            outcomes = staged.switch()
        shown += [repr(outcomes), repr(vars(sink)), caplog.text, *capfd.readouterr()]
        assert [text for text in shown if "canary" in text] == []

    def test_a_token_that_would_break_the_form_is_refused(self, destination: Destination) -> None:
        before = destination.read()
        broken = session("clinic")._replace(token=Secret("ek_canary\nX=1\n"))
        sink = destination.sink("clinic", "ward/7")
        with sink.locked(), sink.stage(Change((broken, session("ward/7")))) as staged:
            assert set(staged.refused) == {"clinic"}
            assert "canary" not in staged.refused["clinic"].message
            assert [one.profile for one in staged.receipts] == ["ward/7"]
            outcomes = staged.switch()
        assert outcomes == {"clinic": FAILED, "ward/7": WRITTEN}
        assert destination.read() == {**before, "ward/7": known("ward/7")}

    # ── failures ─────────────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize("step", STEPS)
    def test_a_failure_leaves_all_as_it_was(self, destination: Destination, step: str) -> None:
        obstacle = destination.obstacles().get(step)
        if obstacle is None:
            pytest.skip(f"nothing is known that makes `{step}` fail")
        if destination.keeps:
            destination.sink("clinic").write(delivering("clinic"))
        before = destination.read()
        problems = list(self._failing(destination, step, obstacle))
        assert problems
        assert [one for one in problems if "canary" in one] == []
        assert destination.read() == before
        outcomes = destination.sink("clinic").write(delivering("clinic", number=2))
        assert outcomes == {"clinic": WRITTEN}
        assert destination.read()["clinic"] == known("clinic", 2)

    def _failing(self, destination: Destination, step: str, obstacle: Obstacle) -> Iterator[str]:
        """Runs into an obstacle; gives what is said of it."""
        sink = destination.sink("clinic")
        change = delivering("clinic", number=2)
        if step == "preflight":
            with obstacle():
                yield from (problem.message for problem in errors_of(sink))
        elif step == "stage":
            with obstacle(), pytest.raises(VoxmintError) as error:
                sink.write(change)
            yield str(error.value)
        else:
            with sink.locked(), sink.stage(change) as staged:
                staged.read_back()
                with obstacle(), pytest.raises(VoxmintError) as error:
                    staged.switch()
            yield str(error.value)
