"""AWS SSM Parameter Store behind a network that fails, request by request."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.destinations import in_environment
from tests.stores.servers.aws import Aws
from tests.stores.servers.faulty import Fault, Faulty, Request
from tests.stores.ssms import LOOK, NAME, Once, ParameterStore, call_of, written
from tests.stores.store_contract import Line, StoreContract, through
from voxmint.engine.sinks.contract import Change, Finished, Unfinished
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    UNCHANGED,
    WRITTEN,
    delivering,
    errors_of,
    known,
    session,
)


@pytest.fixture
def faulty(before_aws: Faulty) -> Iterator[Faulty]:
    """As `before_aws`, and the client repeats nothing."""
    with in_environment({"AWS_MAX_ATTEMPTS": "1"}):
        yield before_aws


@pytest.fixture
def store(led_to_aws: Aws, tmp_path: Path) -> ParameterStore:
    return ParameterStore(led_to_aws, tmp_path)


def requests_of(faulty: Faulty, write: Callable[[], object]) -> list[str]:
    """What a write asks the server, by the names of the calls."""
    before = len(faulty.requests)
    write()
    return [call_of(one) for one in faulty.requests[before:]]


STAGED = ["DescribeParameters", "PutParameter", "GetParameter"]
MADE = ["DescribeParameters", *STAGED, "PutParameter", "LabelParameterVersion", "DeleteParameter"]
RENEWED = [
    *("DescribeParameters", "ListTagsForResource", *STAGED, "GetParameter", "PutParameter"),
    *("LabelParameterVersion", "AddTagsToResource", "DeleteParameter"),
]


@pytest.mark.slow
def test_a_write_asks_no_more_than_it_has_to(faulty: Faulty, store: ParameterStore) -> None:
    assert requests_of(faulty, lambda: written(store)) == MADE
    assert requests_of(faulty, lambda: written(store, 2)) == RENEWED
    again = delivering("clinic", number=2)
    same = requests_of(faulty, lambda: store.sink("clinic").write(again))
    assert same == ["DescribeParameters", "ListTagsForResource", "GetParameter"]


@pytest.mark.slow
class TestOverANetworkThatFails(StoreContract):
    @pytest.fixture
    def line(self, faulty: Faulty, store: ParameterStore) -> Line:
        def session_of() -> str:
            return store.tags()["voxmint-session-id"]

        def leftovers() -> list[object]:
            wrong = [] if store.history()[-1][1] == ["voxmint"] else store.history()
            return [*wrong, *(one for one in store.names() if one != NAME)]

        return replace(through(faulty, store, session_of), leftovers=leftovers)


@pytest.mark.slow
def test_what_was_staged_and_not_known_to_be_is_taken_away(
    faulty: Faulty, store: ParameterStore
) -> None:
    def staging(request: Request) -> Fault | None:
        return Fault.APPLIED if call_of(request) == "PutParameter" else None

    with faulty.failing(staging), pytest.raises(ProblemsError):
        store.sink("clinic").write(delivering("clinic"))
    assert store.names() == []


@pytest.mark.slow
@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("fault", [Fault.APPLIED, Fault.CUT])
def test_a_write_whose_answer_is_lost_is_found_to_be_done(
    faulty: Faulty, store: ParameterStore, fault: Fault, is_new: bool
) -> None:
    if not is_new:
        written(store)
    rule = Once(NAME, fault)
    with faulty.failing(rule):
        written(store, 2)
    assert rule.count == 1
    assert store.read()["clinic"] == known("clinic", 2)
    assert store.tags()["voxmint-session-id"] == "sess_2"
    assert store.history()[-1] == (1 if is_new else 2, ["voxmint"])


@pytest.mark.slow
@pytest.mark.parametrize("is_new", [True, False])
def test_a_write_that_the_client_sends_again_is_not_taken_for_another_s(
    before_aws: Faulty, store: ParameterStore, is_new: bool
) -> None:
    if not is_new:
        written(store)
    rule = Once(NAME, Fault.APPLIED)
    with before_aws.failing(rule):
        written(store, 2)
    assert rule.count == 2
    assert store.read()["clinic"] == known("clinic", 2)
    assert store.history()[-1] == (1 if is_new else 3, ["voxmint"])


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.APPLIED, Fault.CUT])
def test_a_value_that_was_staged_and_sent_twice_is_one(
    before_aws: Faulty, store: ParameterStore, fault: Fault
) -> None:
    faults = [fault]

    def rule(request: Request) -> Fault | None:
        return faults.pop() if faults and call_of(request) == "PutParameter" else None

    with before_aws.failing(rule):
        written(store)
    assert faults == []
    assert store.names() == [NAME]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(LOOK)))
def test_from_an_answer_that_is_cut_short_nothing_is_concluded(
    faulty: Faulty, store: ParameterStore, number: int
) -> None:
    written(store)
    with faulty.failing(faulty.failing_number(number, Fault.CUT)):
        [problem] = errors_of(store.sink("clinic"))
    assert problem.code == "store-unreachable"


@pytest.mark.slow
@pytest.mark.parametrize("is_new", [True, False])
def test_what_could_not_be_switched_is_finished_later(
    faulty: Faulty, store: ParameterStore, is_new: bool
) -> None:
    if not is_new:
        written(store)
    sink = store.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        [pending] = staged.pending
        with faulty.failing(Once(NAME, Fault.LOST)), pytest.raises(ProblemsError):
            staged.switch()
    assert store.read() == ({} if is_new else {"clinic": known("clinic")})
    assert pending.version in store.names()
    left = Unfinished(session("clinic", 2), pending.version, pending.before)
    assert store.sink("clinic").finish([left]) == Finished({"clinic": WRITTEN})
    assert store.read() == {"clinic": known("clinic", 2)}
    assert store.names() == [NAME]
    assert store.sink("clinic").finish([left]) == Finished({"clinic": UNCHANGED})


@pytest.mark.slow
def test_tags_of_an_earlier_session_go_where_a_switch_was_cut_before_it_set_them(
    before_aws: Faulty, store: ParameterStore
) -> None:
    written(store)
    sink = store.sink("clinic")
    one = session("clinic", 2)._replace(session_id=None)
    with in_environment({"AWS_MAX_ATTEMPTS": "1"}), sink.locked():
        staged = sink.stage(Change((one,)))
        staged.read_back()
        [pending] = staged.pending

        def rule(request: Request) -> Fault | None:
            return Fault.LOST if call_of(request) == "AddTagsToResource" else None

        with suppress(ProblemsError), before_aws.failing(rule):
            staged.switch()
    assert store.sink("clinic").holds() == frozenset()
    left = Unfinished(one, pending.version, pending.before)
    assert store.sink("clinic").finish([left]) == Finished({"clinic": WRITTEN})
    assert "voxmint-session-id" not in store.tags()
    assert store.tags()["voxmint-version"] == "2"


MADE_BY_SWITCH = len(["PutParameter", "LabelParameterVersion", "DeleteParameter"])
RENEWED_BY_SWITCH = MADE_BY_SWITCH + len(["GetParameter", "AddTagsToResource"])


@pytest.mark.slow
@pytest.mark.parametrize("name", [NAME, "/voxmint/production"])
@pytest.mark.parametrize("fault", [Fault.LOST, Fault.APPLIED])
@pytest.mark.parametrize(
    ("is_new", "number"),
    [
        *((True, number) for number in range(MADE_BY_SWITCH)),
        *((False, number) for number in range(RENEWED_BY_SWITCH)),
    ],
)
def test_a_switch_that_was_cut_at_any_request_is_finished_without_another_token(
    before_aws: Faulty,
    store: ParameterStore,
    fault: Fault,
    is_new: bool,
    number: int,
    name: str,
) -> None:
    store.settings["name"] = "/voxmint/{environment}" + ("/{profile}" if name == NAME else "")
    if not is_new:
        written(store)
    sink = store.sink("clinic")
    # From one request on nothing arrives, or no answer does: as where the run is killed.
    with in_environment({"AWS_MAX_ATTEMPTS": "1"}), sink.locked():
        staged = sink.stage(delivering("clinic", number=2))
        staged.read_back()
        [pending] = staged.pending
        first = len(before_aws.requests)

        def rule(_: Request) -> Fault | None:
            at = len(before_aws.requests) - 1 - first
            return None if at < number else fault if at == number else Fault.LOST

        with suppress(ProblemsError), before_aws.failing(rule):
            staged.switch()
    left = Unfinished(session("clinic", 2), pending.version, pending.before)
    done = store.sink("clinic").finish([left])
    assert set(done.outcomes) == {"clinic"}
    assert store.read() == {"clinic": known("clinic", 2)}
    assert store.tags(name)["voxmint-expires-at"] == str(session("clinic", 2).expires_at)
    assert store.history(name)[-1][1] == ["voxmint"]
    assert store.names() == [name]
    assert store.sink("clinic").finish([left]) == Finished({"clinic": UNCHANGED})
