"""Google Secret Manager, faked: calls that are not answered, or not soundly."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest

from tests.stores.gcps import PATH, SecretManager, ek, failed, token, written
from tests.stores.servers import faulty
from tests.stores.servers.gcp import Fault, Gcp
from tests.stores.store_contract import Line, Rule, StoreContract
from voxmint.engine.sinks.contract import SinkOutcome
from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.engine.stores.gcp_secretmanager import SecretManagerSink
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    FAILED,
    WRITTEN,
    delivering,
    known,
)


@pytest.fixture
def secrets(gcp: Gcp, tmp_path: Path) -> SecretManager:
    return SecretManager(gcp, tmp_path)


# ── a network that fails ─────────────────────────────────────────────────────────────────────────


def calls_of(gcp: Gcp, write: Callable[[], object]) -> list[str]:
    """What a write asks, by the names of the calls."""
    before = len(gcp.calls)
    write()
    return gcp.calls[before:]


STAGED = ["AddSecretVersion", "AccessSecretVersion"]
MADE = ["GetSecret", "CreateSecret", *STAGED]
MOVED = ["ListSecretVersions", "UpdateSecret"]
RENEWED = [
    *("GetSecret", *STAGED, "ListSecretVersions", "TestIamPermissions"),
    *("UpdateSecret", "DestroySecretVersion"),
]


def test_a_write_asks_no_more_than_it_has_to(secrets: SecretManager) -> None:
    gcp = secrets.gcp
    assert calls_of(gcp, lambda: written(secrets)) == [*MADE, *MOVED]
    assert calls_of(gcp, lambda: written(secrets, 2)) == ["GetSecret", *STAGED, *MOVED]
    assert calls_of(gcp, lambda: written(secrets, 3)) == RENEWED
    again = delivering("clinic", number=3)
    same = calls_of(gcp, lambda: secrets.sink("clinic").write(again))
    assert same == ["GetSecret", "AccessSecretVersion"]


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ("AddSecretVersion", Fault.APPLIED),
        *(
            pytest.param(call, fault, marks=pytest.mark.slow)
            for call in ("AddSecretVersion", "UpdateSecret")
            for fault in (Fault.LOST, Fault.APPLIED, Fault.EMPTY)
            if (call, fault) != ("AddSecretVersion", Fault.APPLIED)
        ),
    ],
)
def test_a_write_whose_answer_is_lost_is_looked_for_and_made_once(
    secrets: SecretManager, call: str, fault: Fault
) -> None:
    written(secrets)
    with secrets.gcp.failing(secrets.gcp.failing_call(call, fault)):
        written(secrets, 2)
    assert secrets.gcp.states(PATH) == {1: "ENABLED", 2: "ENABLED"}
    assert secrets.read()["clinic"] == known("clinic", 2)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.LOST, Fault.APPLIED, Fault.EMPTY])
def test_a_secret_whose_making_is_not_answered_is_looked_for(
    secrets: SecretManager, fault: Fault
) -> None:
    with secrets.gcp.failing(secrets.gcp.failing_call("CreateSecret", fault)):
        written(secrets)
    assert secrets.read()["clinic"] == known("clinic")


@pytest.mark.slow
def test_a_switch_that_is_never_answered_is_not_taken_away_from_its_readers(
    secrets: SecretManager,
) -> None:
    written(secrets)
    with secrets.gcp.failing(secrets.gcp.failing_call("UpdateSecret", Fault.APPLIED, times=9)):
        # The second look would find it; this one fails, too.
        rule = secrets.gcp.rule
        looks = iter(range(9))

        def blind(call: str) -> Fault | None:
            if call == "GetSecret" and next(looks):
                return Fault.LOST
            return rule(call)

        with secrets.gcp.failing(blind):
            assert failed(secrets, 2).code == "store-unreachable"
    assert secrets.read()["clinic"] == known("clinic", 2)
    written(secrets, 3)
    assert secrets.read()["clinic"] == known("clinic", 3)


@pytest.mark.slow
def test_a_switch_that_google_does_not_tell_of_yet_is_not_taken_away_from_its_readers(
    secrets: SecretManager,
) -> None:
    gcp = secrets.gcp
    for number in (1, 2):
        written(secrets, number)
    sink = secrets.sink("clinic")
    lost = gcp.failing_call("UpdateSecret", Fault.APPLIED)
    with sink.locked(), sink.stage(delivering("clinic", number=3)) as staged:
        staged.read_back()
        with gcp.failing(lambda call: lost(call) or (call == "GetSecret" and Fault.STALE) or None):
            with pytest.raises(ProblemsError):
                staged.switch()
            staged.discard()
    assert secrets.read()["clinic"] == known("clinic", 3)
    written(secrets, 4)
    assert secrets.read()["clinic"] == known("clinic", 4)


def test_a_value_that_does_not_match_its_checksum_is_not_switched_to(
    secrets: SecretManager,
) -> None:
    written(secrets)
    with secrets.gcp.failing(secrets.gcp.failing_call("AccessSecretVersion", Fault.CORRUPT)):
        problem = failed(secrets, 2)
    assert "checksum" in problem.message
    assert secrets.read()["clinic"] == known("clinic")


@pytest.mark.slow
def test_a_list_without_the_versions_that_must_be_there_concludes_nothing(
    secrets: SecretManager,
) -> None:
    written(secrets)
    with secrets.gcp.failing(secrets.gcp.failing_call("ListSecretVersions", Fault.EMPTY)):
        assert failed(secrets, 2).code == "store-unreachable"
    assert secrets.read()["clinic"] == known("clinic")


def test_told_to_wait_it_waits_and_goes_on(secrets: SecretManager) -> None:
    written(secrets)
    with secrets.gcp.failing(lambda call: Fault.BUSY if call == "AddSecretVersion" else None):
        problem = failed(secrets, 2)
    assert problem.code == "store-busy"
    assert secrets.read()["clinic"] == known("clinic")


@pytest.mark.parametrize("call", ["CreateSecret", "AddSecretVersion"])
def test_of_a_quota_that_is_full_it_is_told_at_once(secrets: SecretManager, call: str) -> None:
    gcp = secrets.gcp
    if call == "AddSecretVersion":
        written(secrets)
    before, first = secrets.state(), len(gcp.calls)
    sink = secrets.made_sink(SecretManagerSink, "clinic")
    full = gcp.failing(lambda one: Fault.FULL if one == call else None)
    with full, pytest.raises(ProblemsError) as raised:
        sink.write(delivering("clinic", number=2))
    assert [problem.code for problem in raised.value.problems] == ["store-full"]
    # Waiting, as it does where it is told to, would free nothing.
    assert gcp.calls[first:].count(call) == 1
    assert secrets.state() == before


ON_ITS_WAY = {
    faulty.Fault.LOST: Fault.LOST,
    faulty.Fault.APPLIED: Fault.APPLIED,
    faulty.Fault.CUT: Fault.EMPTY,
    faulty.Fault.BUSY: Fault.BUSY,
}


@pytest.mark.slow
class TestOverANetworkThatFails(StoreContract):
    @pytest.fixture
    def line(self, secrets: SecretManager) -> Line:
        gcp = secrets.gcp
        # A write asks for each page, and so for more with every version.
        gcp.page = 1000

        def failing(rule: Rule) -> AbstractContextManager[None]:
            def by_call(_: str) -> Fault | None:
                fault = rule()
                return None if fault is None else ON_ITS_WAY[fault]

            return gcp.failing(by_call)

        def session_of() -> str:
            return str(gcp.secrets[PATH].annotations["voxmint-session-id"])

        return Line(
            secrets,
            lambda: len(gcp.calls),
            failing,
            session_of,
            leftovers=lambda: enabled(gcp)[:-2],
            is_sound=lambda: not enabled(gcp) or gcp.value(PATH, "latest") is not None,
            is_exact=True,
        )


def enabled(gcp: Gcp) -> list[int]:
    """The versions that can be read."""
    found = gcp.states(PATH) if PATH in gcp.secrets else {}
    return [one for one, state in found.items() if state == "ENABLED"]


OF_GOOGLE = sorted({*Fault} - {*ON_ITS_WAY.values()})


@pytest.mark.slow
@pytest.mark.parametrize("fault", OF_GOOGLE)
@pytest.mark.parametrize("number", range(len(RENEWED)))
def test_whatever_google_answers_the_old_value_or_the_new_one_is_there(
    secrets: SecretManager, fault: Fault, number: int
) -> None:
    for one in (7, 8, 1):
        written(secrets, one)
    outcomes: Mapping[str, SinkOutcome] = {"clinic": FAILED}
    gcp = secrets.gcp
    with suppress(ProblemsError), gcp.failing(gcp.failing_number(number, fault)):
        outcomes = secrets.sink("clinic").write(delivering("clinic", number=2))
    now = secrets.read()["clinic"]
    expected = known("clinic", 2) if outcomes == {"clinic": WRITTEN} else known("clinic")
    assert now == expected
    # Whatever else happened, `latest` leads to a version that can be read.
    assert token(gcp.value(PATH, "latest")) in (ek(1), ek(2))
    written(secrets, 3)
    assert secrets.read()["clinic"] == known("clinic", 3)
    assert len(enabled(gcp)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("fault", OF_GOOGLE)
@pytest.mark.parametrize("number", range(len([*MADE, *MOVED])))
def test_whatever_google_answers_a_new_secret_is_there_with_its_next_write(
    secrets: SecretManager, fault: Fault, number: int
) -> None:
    gcp = secrets.gcp
    with suppress(ProblemsError), gcp.failing(gcp.failing_number(number, fault)):
        secrets.sink("clinic").write(delivering("clinic"))
    written(secrets, 2)
    assert secrets.read() == {"clinic": known("clinic", 2)}


@pytest.mark.slow
def test_a_run_that_is_told_to_wait_once_is_not_failed_by_it(gcp: Gcp, tmp_path: Path) -> None:
    secrets = SecretManager(gcp, tmp_path)
    sink = secrets.made_sink(SecretManagerSink, "clinic")
    with gcp.failing(gcp.failing_call("AddSecretVersion", Fault.BUSY)):
        assert sink.write(delivering("clinic")) == {"clinic": WRITTEN}


def test_an_unsound_answer_concludes_nothing() -> None:
    from voxmint.engine.stores.gcp_secretmanager_client import held

    answers = iter([StoreError(Trouble(What.UNREACHABLE)), StoreError(Trouble(What.CHANGED))])

    def call() -> str:
        raise next(answers)

    with pytest.raises(StoreError) as raised:
        held(call, lambda: None)
    assert raised.value.trouble.what is What.CHANGED
