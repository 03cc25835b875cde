"""What a run leaves staged in a store, and how the next one switches it over."""

from pathlib import Path

import pytest

from tests.engine.stores.memory import Kept, sink_for, values_in
from tests.engine.stores.test_stores import BOTH, SHARED, TOKEN, InMemory, failing
from tests.stores.layouts import STAGED, Siblings, sink_of
from voxmint.engine.sinks.contract import Change, Finished, SinkOutcome, Unfinished
from voxmint.engine.stores.contract import What
from voxmint.engine.stores.marks import session_marks
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    FAILED,
    UNCHANGED,
    WRITTEN,
    delivering,
    known,
    receipts_of,
    session,
)


@pytest.fixture
def store(tmp_path: Path) -> InMemory:
    return InMemory(tmp_path)


@pytest.fixture
def shared(tmp_path: Path) -> InMemory:
    return InMemory(tmp_path, name=SHARED)


@pytest.mark.parametrize(
    ("what", "keeps", "left"),
    [
        (What.UNREACHABLE, True, True),
        (What.DENIED, True, True),
        (What.FULL, True, True),
        (What.CHANGED, True, False),
        (What.REFUSED, True, False),
        (What.UNREACHABLE, False, False),
    ],
)
def test_what_is_staged_stays_where_a_later_run_can_switch_it_over(
    store: InMemory, what: What, keeps: bool, left: bool
) -> None:
    store.made = sink_for(store.server, keeps_staged=keeps, workers=1)
    with store.sink(*BOTH).stage(delivering(*BOTH)) as staged:
        staged.read_back()
        [_, pending] = sorted(staged.pending, key=lambda one: one.profile)
        with failing(store.server, what, "switch", names="ward"):
            assert staged.switch() == {"clinic": WRITTEN, "ward/7": FAILED}
        assert staged.spoiled == (frozenset() if left else {"ward/7"})
    kept = store.server.kept.get("voxmint/production/ward/7")
    assert (kept is not None and pending.version in kept.values) is left
    assert store.read() == {"clinic": known("clinic")}


def test_what_did_not_read_back_is_taken_away_whatever_comes_of_the_rest(store: InMemory) -> None:
    with store.sink(*BOTH).stage(delivering(*BOTH)) as staged:
        with failing(store.server, What.DENIED, "read", names="clinic"):
            staged.read_back()
        with failing(store.server, What.DENIED, "switch"), pytest.raises(ProblemsError):
            staged.switch()
    assert list(store.server.kept) == ["voxmint/production/ward/7"]


# ── what a later run finishes ────────────────────────────────────────────────────────────────────


def left_staged(store: InMemory, change: Change) -> list[Unfinished]:
    """What a run leaves that is killed before its switch, as the next one knows it."""
    pending = store.sink(*BOTH).stage(change).pending
    sessions = {one.profile: one for one in change.deliveries}
    return [Unfinished(sessions[one.profile], one.version, one.before) for one in pending]


def test_of_one_object_for_all_the_sessions_of_a_run_are_switched_over_at_once(
    shared: InMemory,
) -> None:
    shared.sink(*BOTH).write(delivering(*BOTH))
    unfinished = left_staged(shared, delivering(*BOTH, number=2))
    done = shared.sink(*BOTH).finish(unfinished)
    assert done.outcomes == dict.fromkeys(BOTH, WRITTEN)
    assert shared.read() == {one: known(one, 2) for one in BOTH}
    assert [call for call, _ in shared.server.calls].count("switch") == 2
    assert shared.sink(*BOTH).finish(unfinished).outcomes == dict.fromkeys(BOTH, UNCHANGED)
    # All that tells of it is as if it had been written at once.
    marks = shared.server.kept["tokens/production"].marks
    shared.sink(*BOTH).write(delivering(*BOTH, number=2))
    assert shared.server.kept["tokens/production"].marks == marks


NAME = "voxmint/production/clinic"


def left_for_one(store: InMemory) -> Unfinished:
    """What a run leaves staged beside the secret of one profile, which has a value already."""
    store.made = sink_of(Siblings, store.server)
    store.sink("clinic").write(delivering("clinic"))
    [left] = left_staged(store, delivering("clinic", number=2))
    return left


@pytest.mark.parametrize(("has_marks", "expected"), [(False, WRITTEN), (True, UNCHANGED)])
def test_a_switch_that_was_cut_when_readers_had_the_value_is_finished(
    store: InMemory, has_marks: bool, expected: SinkOutcome
) -> None:
    left = left_for_one(store)
    old = store.server.kept[NAME]
    [text] = store.server.kept[NAME + STAGED].values.values()
    marks = session_marks("production", session("clinic", 2))
    store.server.kept[NAME] = Kept({"2": text}, "2", marks if has_marks else old.marks)
    assert store.sink("clinic").finish([left]).outcomes == {"clinic": expected}
    # Neither is it written again, nor is anything of it left.
    assert store.server.kept == {NAME: Kept({"2": text}, "2", marks)}


def test_a_value_of_somebody_else_s_is_not_given_the_marks_of_what_is_staged(
    store: InMemory,
) -> None:
    left = left_for_one(store)
    theirs = Kept({"2": "theirs"}, "2", store.server.kept[NAME].marks)
    store.server.kept[NAME] = theirs
    assert store.sink("clinic").finish([left]) == Finished()
    assert store.server.kept[NAME] == theirs


def test_of_one_object_for_all_what_the_run_took_out_stays_out(shared: InMemory) -> None:
    sink = shared.sink(*BOTH)
    receipts = receipts_of(sink, delivering(*BOTH))
    sink.write(delivering(*BOTH))
    change = Change((session("clinic", 2),), frozenset({"ward/7"}), receipts)
    shared.sink(*BOTH).finish(left_staged(shared, change))
    assert shared.read() == {"clinic": known("clinic", 2)}
    assert shared.sink(*BOTH).holds() == {"clinic"}


def test_of_one_object_for_all_an_older_session_is_not_taken_for_the_new_one(
    shared: InMemory,
) -> None:
    """Its marks name the profiles that are in it, and not their sessions."""
    shared.sink(*BOTH).write(delivering(*BOTH, number=2))
    unfinished = left_staged(shared, delivering("clinic"))
    assert shared.sink(*BOTH).finish(unfinished).outcomes == {"clinic": WRITTEN}
    assert shared.read() == {"clinic": known("clinic"), "ward/7": known("ward/7", 2)}


def test_a_bare_token_is_switched_over_too(tmp_path: Path) -> None:
    store = InMemory(tmp_path, payload="token")
    unfinished = left_staged(store, delivering("clinic"))
    assert store.sink("clinic").finish(unfinished).outcomes == {"clinic": WRITTEN}
    token = known("clinic")["client_secret"]
    assert values_in(store.server) == {"voxmint/production/clinic": token}


def test_what_somebody_else_owns_by_now_is_not_overwritten(store: InMemory) -> None:
    unfinished = left_staged(store, delivering("clinic"))
    store.server.kept["voxmint/production/clinic"].marks = {"team": "them"}
    done = store.sink("clinic").finish(unfinished)
    assert {one: problem.code for one, problem in done.problems.items()} == {
        "clinic": "store-foreign"
    }
    assert values_in(store.server) == {}


def test_of_what_cannot_be_finished_no_token_is_shown(store: InMemory) -> None:
    unfinished = left_staged(store, delivering("clinic"))
    with failing(store.server, What.DENIED, "switch", said=f"no right to {TOKEN}"):
        done = store.sink("clinic").finish(unfinished)
    [problem] = done.problems.values()
    assert problem.facts["said"] == "Nope"
    assert "canary" not in repr(done)
