"""What all stores have in common, against one in memory: layout, whose is what, what fails."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.engine.stores.memory import Kept, MemorySink, Server, sink_for, values_in
from tests.stores.destinations import StoreDestination
from voxmint.engine.sinks.contract import Change, Sink
from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.engine.stores.marks import plain
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret
from voxmint.testing.sink_contract import (
    FAILED,
    REMOVED,
    STEPS,
    UNCHANGED,
    WRITTEN,
    Destination,
    Obstacle,
    SinkContract,
    delivering,
    errors_of,
    known,
    receipts_of,
    session,
)

SHARED = "tokens/{environment}"
OTHERS = "somebody/elses"


class InMemory(StoreDestination):
    """A store of its own for each test."""

    kind: ClassVar[str] = "memory"

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.server = Server()
        self.made: type[MemorySink] = sink_for(self.server)

    def sink(self, *profiles: str) -> Sink:
        return self.made_sink(self.made, *profiles)

    def values(self) -> Mapping[str, Any]:
        found = values_in(self.server)
        return {name: json.loads(text) for name, text in found.items() if name != OTHERS}

    def state(self) -> object:
        return repr(self.server.kept)

    def add_foreign(self) -> bool:
        self.server.kept[OTHERS] = Kept({"1": "theirs"}, "1", {"team": "them"})
        return True

    def foreign(self) -> object:
        return repr(self.server.kept[OTHERS])

    def obstacles(self) -> Mapping[str, Obstacle]:
        return dict.fromkeys(STEPS, lambda: failing(self.server, What.UNREACHABLE))


@contextmanager
def failing(
    server: Server, what: What, *calls: str, names: str = "", said: str | None = None
) -> Iterator[None]:
    """The server does not do these calls, or any, for objects with this in their names."""

    def fail(call: str, name: str) -> None:
        if (not calls or call in calls) and names in name:
            raise StoreError(Trouble(what, "Nope", said=said))

    usual, server.failing = server.failing, fail
    try:
        yield
    finally:
        server.failing = usual


class TestAnObjectForEachProfile(SinkContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return InMemory(tmp_path)


class TestAnObjectForTheEnvironment(SinkContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return InMemory(tmp_path, name=SHARED)


@pytest.fixture
def store(tmp_path: Path) -> InMemory:
    return InMemory(tmp_path)


@pytest.fixture
def shared(tmp_path: Path) -> InMemory:
    return InMemory(tmp_path, name=SHARED)


def problem_in(call: Callable[[], object]) -> Problem:
    with pytest.raises(ProblemsError) as raised:
        call()
    [problem] = raised.value.problems
    return problem


# ── one object for the environment ───────────────────────────────────────────────────────────────


def test_members_of_others_stay(shared: InMemory) -> None:
    shared.sink("clinic").write(delivering("clinic"))
    kept = shared.server.kept["tokens/production"]
    [(version, text)] = kept.values.items()
    kept.values[version] = json.dumps({**json.loads(text), "theirs": {"a": 1}})
    shared.sink("clinic").write(delivering("clinic", number=2))
    assert shared.values()["tokens/production"]["theirs"] == {"a": 1}


def test_an_object_that_holds_no_json_is_left_alone(shared: InMemory) -> None:
    marks = {"managed-by": "voxmint", "voxmint-environment": "production"}
    shared.server.kept["tokens/production"] = Kept({"1": "[]"}, "1", marks)
    problem = problem_in(lambda: shared.sink("clinic").write(delivering("clinic")))
    assert problem.code == "store-not-json"
    assert values_in(shared.server) == {"tokens/production": "[]"}


def test_the_last_one_out_takes_the_object_along(shared: InMemory) -> None:
    shared.sink("clinic").write(delivering("clinic"))
    assert shared.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert shared.server.kept == {}


def test_many_profiles_are_known_by_marks_alone(shared: InMemory) -> None:
    profiles = [f"ward/{number}" for number in range(60)]
    shared.made = sink_for(shared.server, largest=None)
    sink = shared.sink(*profiles)
    sink.write(delivering(*profiles[:50]))
    shared.server.calls.clear()
    assert sink.holds() == set(profiles[:50])
    assert {call for call, _ in shared.server.calls} == {"look"}
    marks = shared.server.kept["tokens/production"].marks
    assert all(len(text) <= 200 for text in marks.values())
    gone = frozenset(profiles[5:50])
    assert set(sink.write(Change(remove=gone)).values()) == {REMOVED}
    assert sink.holds() == set(profiles[:5])
    assert "voxmint-profiles-2" not in shared.server.kept["tokens/production"].marks


# ── whose is what ────────────────────────────────────────────────────────────────────────────────


def test_marks_of_others_stay(store: InMemory) -> None:
    store.sink("clinic").write(delivering("clinic"))
    store.server.kept["voxmint/production/clinic"].marks["team"] = "them"
    store.sink("clinic").write(delivering("clinic", number=2))
    assert store.server.kept["voxmint/production/clinic"].marks["team"] == "them"


@pytest.mark.parametrize("name", ["voxmint/production/clinic", "tokens/production"])
def test_what_is_not_marked_is_refused_and_adopted_by_word(tmp_path: Path, name: str) -> None:
    store = InMemory(tmp_path, name=name.replace("clinic", "{profile}"))
    store.server.kept[name] = Kept({"1": "{}"}, "1")
    [problem] = errors_of(store.sink("clinic"))
    assert problem.code == "store-foreign"
    assert problem_in(lambda: store.sink("clinic").write(delivering("clinic"))) == problem
    store.around["adopts"] = True
    assert store.sink("clinic").write(delivering("clinic")) == {"clinic": WRITTEN}
    assert store.read()["clinic"] == known("clinic")


def test_what_is_not_marked_is_never_taken_out(store: InMemory) -> None:
    sink = store.sink("clinic")
    receipts = receipts_of(sink, delivering("clinic"))
    sink.write(delivering("clinic"))
    store.server.kept["voxmint/production/clinic"].marks.clear()
    sink.write(Change(remove=frozenset({"clinic"}), receipts=receipts))
    assert list(store.server.kept) == ["voxmint/production/clinic"]


def test_a_ledger_alone_cannot_have_other_names_taken_out(store: InMemory) -> None:
    sink = store.sink("clinic")
    [receipt] = receipts_of(sink, delivering("clinic"))
    marks = {"managed-by": "voxmint", "voxmint-environment": "production"}
    store.server.kept["other/secret"] = Kept({"1": "x"}, "1", marks)
    forged = receipt._replace(names=("other/secret",))
    sink.write(Change(remove=frozenset({"clinic"}), receipts=(forged,)))
    assert list(store.server.kept) == ["other/secret"]


def test_a_profile_that_is_named_otherwise_leaves_its_old_name(store: InMemory) -> None:
    sink = store.sink("clinic")
    receipts = receipts_of(sink, delivering("clinic"))
    sink.write(delivering("clinic"))
    store.settings["names"] = {"profiles": {"clinic": "praxis"}}
    change = delivering("clinic", number=2)._replace(receipts=receipts)
    assert store.sink("clinic").write(change) == {"clinic": WRITTEN}
    assert list(store.server.kept) == ["voxmint/production/praxis"]


def test_a_deleted_one_is_told_and_recovered_by_choice(store: InMemory) -> None:
    store.sink("clinic").write(delivering("clinic"))
    store.server.kept["voxmint/production/clinic"].is_deleted = True
    [problem] = errors_of(store.sink("clinic"))
    assert problem.code == "store-deleted"
    assert "until tomorrow" in problem.message
    store.settings["deleted"] = "recover"
    assert errors_of(store.sink("clinic")) == []
    assert store.sink("clinic").write(delivering("clinic", number=2)) == {"clinic": WRITTEN}


def test_one_that_somebody_else_deleted_is_not_recovered(store: InMemory) -> None:
    store.sink("clinic").write(delivering("clinic"))
    kept = store.server.kept["voxmint/production/clinic"]
    kept.is_deleted, kept.marks = True, {"team": "billing"}
    store.settings["deleted"] = "recover"
    [problem] = errors_of(store.sink("clinic"))
    assert problem.code == "store-foreign"
    assert "deleted, and voxmint did not write it" in problem.message
    with pytest.raises(ProblemsError):
        store.sink("clinic").write(delivering("clinic", number=2))
    assert kept.is_deleted


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ({}, "is there in {store}, and voxmint did not write it"),
        ({"is_deleted": True}, "in {store} is scheduled for deletion: its name stays taken"),
        ({"values": {"1": "[]"}}, "in {store} does not hold a JSON object"),
    ],
)
def test_of_two_stores_with_a_secret_of_one_name_it_is_said_which_is_meant(
    tmp_path: Path, harm: dict[str, Any], said: str
) -> None:
    for place, called in (("", "the store"), ("eu-west-1", "the store (eu-west-1)")):
        store = InMemory(tmp_path, name=SHARED)
        store.made = sink_for(store.server, place=place)
        kept = Kept({"1": "{}"}, "1")
        store.server.kept["tokens/production"] = replace(kept, **harm)
        store.around["adopts"] = "values" in harm
        problem = problem_in(partial(store.sink("clinic").write, delivering("clinic")))
        assert problem.message.startswith(f"`tokens/production` {said.format(store=called)}")


def test_of_two_stores_that_fail_it_is_said_which_does(store: InMemory) -> None:
    store.made = sink_for(store.server, place="eu-west-1")
    with failing(store.server, What.CHANGED):
        [problem] = errors_of(store.sink("clinic"))
    name = "voxmint/production/clinic"
    assert problem.message.startswith(f"`{name}` in the store (eu-west-1) was changed by something")


# ── failures ─────────────────────────────────────────────────────────────────────────────────────

BOTH = ("clinic", "ward/7")


@pytest.mark.parametrize("call", ["look", "stage", "read"])
def test_one_object_that_fails_keeps_no_other_from_being_written(
    store: InMemory, call: str
) -> None:
    sink = store.sink(*BOTH)
    with (
        failing(store.server, What.DENIED, call, names="clinic"),
        sink.stage(delivering(*BOTH)) as staged,
    ):
        staged.read_back()
        assert staged.switch() == {"clinic": FAILED, "ward/7": WRITTEN}
        assert staged.refused["clinic"].code == "store-denied"
        assert [one.profile for one in staged.receipts] == ["ward/7"]
    assert store.read() == {"ward/7": known("ward/7")}
    assert list(store.server.kept) == ["voxmint/production/ward/7"]


@pytest.mark.parametrize("call", ["look", "stage", "read"])
@pytest.mark.parametrize("what", [What.UNREACHABLE, What.LOGIN, What.BUSY, What.LOCKED])
def test_a_store_that_is_down_ends_it_and_leaves_nothing(
    store: InMemory, call: str, what: What
) -> None:
    with failing(store.server, what, call, names="ward"):
        problem = problem_in(lambda: store.sink(*BOTH).write(delivering(*BOTH)))
    assert problem.code.startswith("store-")
    assert store.server.kept == {}


def test_a_store_that_goes_down_halfway_tells_which_have_the_new_value(store: InMemory) -> None:
    store.sink(*BOTH).write(delivering(*BOTH))
    sink = store.sink(*BOTH)
    with sink.stage(delivering(*BOTH, number=2)) as staged:
        staged.read_back()
        with failing(store.server, What.UNREACHABLE, "switch", names="ward"):
            assert staged.switch() == {"clinic": WRITTEN, "ward/7": FAILED}
        assert [one.profile for one in staged.receipts] == ["clinic"]
    assert store.read() == {"clinic": known("clinic", 2), "ward/7": known("ward/7")}
    again = delivering(*BOTH, number=2)
    assert store.sink(*BOTH).write(again) == {"clinic": UNCHANGED, "ward/7": WRITTEN}


def test_a_store_that_is_down_is_not_asked_about_every_object(store: InMemory) -> None:
    profiles = [f"ward/{number}" for number in range(200)]
    with failing(store.server, What.UNREACHABLE):
        [_] = errors_of(store.sink(*profiles))
    assert len(store.server.calls) <= MemorySink.workers


def test_what_reads_back_otherwise_is_not_switched(store: InMemory) -> None:
    sink = store.sink(*BOTH)
    with sink.stage(delivering(*BOTH)) as staged:
        [version] = store.server.kept["voxmint/production/clinic"].values
        store.server.kept["voxmint/production/clinic"].values[version] = "{}"
        staged.read_back()
        assert staged.switch() == {"clinic": FAILED, "ward/7": WRITTEN}
        assert staged.refused["clinic"].code == "sink-unverified"


def test_one_that_cannot_be_taken_out_is_told(store: InMemory) -> None:
    store.sink(*BOTH).write(delivering(*BOTH))
    sink = store.sink(*BOTH)
    with (
        failing(store.server, What.DENIED, "remove", names="clinic"),
        sink.stage(Change(remove=frozenset(BOTH))) as staged,
    ):
        assert staged.switch() == {"clinic": FAILED, "ward/7": REMOVED}
        assert staged.refused["clinic"].code == "store-denied"


def test_a_value_that_is_too_large_is_not_staged(store: InMemory) -> None:
    large = session("clinic")._replace(token=Secret("x" * 2000))
    problem = problem_in(lambda: store.sink("clinic").write(Change((large,))))
    assert problem.code == "store-too-large"
    assert ("stage", "voxmint/production/clinic") not in store.server.calls


# ── what is said ─────────────────────────────────────────────────────────────────────────────────

TOKEN = known("clinic")["client_secret"]


@pytest.mark.parametrize(
    "said",
    [
        TOKEN,
        f"'{TOKEN}' is not valid",
        *(base64.b64encode(b"{" * offset + TOKEN.encode() + b"}").decode() for offset in range(4)),
    ],
)
def test_a_text_that_repeats_a_token_is_dropped(store: InMemory, said: str) -> None:
    with failing(store.server, What.REFUSED, "stage", said=said):
        problem = problem_in(lambda: store.sink("clinic").write(delivering("clinic")))
    assert problem.facts["said"] == "Nope"


@pytest.mark.parametrize(
    ("code", "request_id", "said"),
    [
        ("AccessDenied", "0d7f-2c1e", "AccessDenied; request 0d7f-2c1e"),
        ("507", None, "507"),
        ("it was {'a': 'secret'}", "no id\n", "it did not say why"),
        ("x" * 100, "x" * 100, "it did not say why"),
        (None, None, "it did not say why"),
    ],
)
def test_only_what_looks_like_a_code_is_one(
    store: InMemory, code: str | None, request_id: str | None, said: str
) -> None:
    sink = store.sink("clinic")
    assert isinstance(sink, MemorySink)
    assert sink.problem_of(Trouble(What.REFUSED, code, request_id)).facts["said"] == said


@pytest.mark.parametrize("kind", [ConnectionResetError, SystemExit])
def test_an_error_of_a_client_is_told_by_its_name_alone(
    store: InMemory, kind: type[BaseException]
) -> None:
    def fail(*_: str) -> None:
        raise kind(f"while sending {TOKEN}")

    store.server.failing = fail
    with pytest.raises(ProblemsError) as raised:
        store.sink("clinic").write(delivering("clinic"))
    assert kind.__name__ in str(raised.value)
    assert "canary" not in str(raised.value)
    error: BaseException | None = raised.value
    while error is not None:
        assert error.__suppress_context__ or error.__context__ is None
        error = error.__cause__


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("profiles", "settings", "codes"),
    [
        (("clinic", "Ward (7)"), {}, set()),
        (("clinic",), {"name": "Tokens/{profile}"}, {"store-name-invalid"}),
        (("w" * 60,), {}, {"store-name-invalid"}),
        (("ward 7", "ward-7"), {}, {"store-name-clash"}),
        (("ward 7", "ward-7"), {"name": SHARED}, set()),
        (("a", "b"), {"name": SHARED, "names": {"profiles": {"a": "b"}}}, {"store-name-clash"}),
        (tuple("abcdefghijklmnopqrstuvwxyz"), {"name": SHARED}, {"store-too-large"}),
    ],
)
def test_names_and_sizes_are_told_from_files_alone(
    tmp_path: Path, profiles: tuple[str, ...], settings: dict[str, Any], codes: set[str]
) -> None:
    store = InMemory(tmp_path, **settings)
    store.made = sink_for(store.server, form=replace(MemorySink.form, characters=r"a-z0-9/\-W"))
    assert {one.code for one in store.sink(*profiles).flaws()} == codes
    assert store.server.calls == []


@pytest.mark.parametrize(
    ("address", "allowed", "code"),
    [
        ("https://vault.example:8200", (), "store-host-refused"),
        ("https://vault.example:8200", ("vault.example",), None),
        ("https://vault.example:8200", ("vault.example:443",), "store-host-refused"),
        ("http://127.0.0.1:8200", (), "store-host-refused"),
        ("http://127.0.0.1:8200", ("127.0.0.1:8200",), None),
        ("http://vault.example", ("vault.example",), "store-host-needs-tls"),
        ("https://a@b", (), "store-url-malformed"),
    ],
)
def test_an_address_in_the_project_counts_where_the_operator_allows_it(
    store: InMemory, address: str, allowed: tuple[str, ...], code: str | None
) -> None:
    store.made = sink_for(store.server, address_set=address)
    store.around["allow_hosts"] = allowed
    assert [one.code for one in errors_of(store.sink("clinic"))] == ([code] if code else [])
    assert bool(store.server.calls) is (code is None)
    for ask in (lambda: store.sink("clinic").holds(), lambda: store.sink("clinic").stage(Change())):
        if code is not None:
            assert problem_in(ask).code == code
    assert bool(store.server.calls) is (code is None)


def test_a_client_that_is_not_installed_is_told_with_the_command_that_installs_it(
    store: InMemory,
) -> None:
    def opened(_: MemorySink) -> Any:
        raise ModuleNotFoundError("No module named 'memory_client'", name="memory_client")

    store.made = sink_for(store.server, opened=opened)
    [problem] = errors_of(store.sink("clinic"))
    assert "memory_client" in problem.message
    assert problem.hint == "pip install 'voxmint[memory]'"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("call-center/german", "call-center/german"),
        ("Ward (7)", "Ward=20=287=29"),
        ("a=b", "a=3Db"),
        ("ø", "=C3=B8"),
    ],
)
def test_marks_take_any_text(text: str, kept: str) -> None:
    assert plain(text) == kept


def test_long_marks_stay_apart() -> None:
    one, other = plain("x" * 300), plain("x" * 301)
    assert one != other
    assert max(len(one), len(other)) == 200
