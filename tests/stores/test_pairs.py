"""Two sinks at once, of every two kinds, while each step of one of them fails in turn.

Until the first switch, a failure leaves both as they were. After it, each sink has what it is said
to have, and the next run finishes the job: without a mint, where what was staged is still there.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest

from tests.engine.sinks.test_contract import Directory, Dotenv, Json
from tests.engine.stores.memory import Memory
from tests.engine.stores.test_stores import InMemory
from tests.stores import parties
from tests.stores.azure_keyvaults import Prefixed
from tests.stores.destinations import ENVIRONMENT, in_environment
from tests.stores.gcps import SecretManager
from tests.stores.githubs import Github
from tests.stores.keyrings import KeyringInMemory
from tests.stores.layouts import Aliases, Siblings, sink_of
from tests.stores.parties import (
    PROFILE,
    GcpParty,
    KeyringParty,
    Offer,
    Party,
    RequestedParty,
)
from tests.stores.servers.aws import Aws
from tests.stores.servers.azure import Azure
from tests.stores.servers.faulty import Fault, running_faulty
from tests.stores.servers.gcp import Gcp
from tests.stores.servers.kubernetes import Kubernetes
from tests.stores.servers.vault import Vault
from tests.stores.ssms import ParameterStore
from tests.stores.test_aws_secretsmanager import SecretsManager
from tests.stores.test_kubernetes import Behind
from tests.stores.vaults import VaultDestination
from voxmint.engine.ledger.ledger import Intent, Ledger, Minted, SessionRecord
from voxmint.engine.minting.delivery import Delivered, Deliverer
from voxmint.engine.sinks.contract import Change, Delivery, SinkOutcome
from voxmint.engine.stores.sink import StoreSink
from voxmint.testing.sink_contract import FAILED, REMOVED, UNCHANGED, WRITTEN, known, session

DIGEST = "d" * 64
COMMIT = "c0ffee"


def _aws(kind: type[SecretsManager | ParameterStore]) -> Offer:
    @contextmanager
    def offer(request: pytest.FixtureRequest, folder: Path) -> Iterator[Party]:
        server: Aws = request.getfixturevalue("aws")
        # Each has a region of its own, so that two of them do not see each other's secrets.
        region = "eu-west-1" if folder.name == "second" else server.region
        variables = {**server.environ, "AWS_MAX_ATTEMPTS": "1"}
        with running_faulty(server.address) as faulty, in_environment(variables):
            own = replace(server, region=region)
            destination = kind(own, folder, region=region, endpoint=faulty.address)
            destination.around["allow_hosts"] = (faulty.address.removeprefix("http://"),)
            yield RequestedParty(destination, faulty)

    return offer


@contextmanager
def _github(request: pytest.FixtureRequest, folder: Path) -> Iterator[Party]:
    place = {"environment": "the ward/7"} if folder.name == "second" else {}
    fake = request.getfixturevalue("github_fake")
    with running_faulty(fake.address) as faulty:
        destination = Github(fake, folder, payload="json", **place)
        destination.environ["GITHUB_API_URL"] = faulty.address
        # Its client repeats what fails.
        yield RequestedParty(destination, faulty, for_good=True)


def _entries(request: pytest.FixtureRequest, folder: Path) -> KeyringInMemory:
    """Each party has names of its own in the one keyring."""
    backend = request.getfixturevalue("keyring_in_memory")
    return KeyringInMemory(backend, folder, name=f"{folder.name}/{{environment}}/{{profile}}")


@contextmanager
def _keyring(request: pytest.FixtureRequest, folder: Path) -> Iterator[Party]:
    yield KeyringParty(_entries(request, folder))


# What is here is asked directly, whatever proxy leads to a fake.
_DIRECT = {"NO_PROXY": "127.0.0.1"}


@contextmanager
def _gcp(request: pytest.FixtureRequest, folder: Path) -> Iterator[Party]:
    with _project(request, folder) as destination:
        yield GcpParty(destination)


@contextmanager
def _project(request: pytest.FixtureRequest, folder: Path) -> Iterator[SecretManager]:
    """Each party has a project of its own."""
    server: Gcp = request.getfixturevalue("gcp_server")
    server.reset()
    # Its client alone looks there, so that the one of another fake may have a proxy, too.
    proxy = {"https_proxy": None, "grpc_proxy": server.proxy.address}
    with in_environment({**server.environ, **proxy, **_DIRECT}):
        destination = SecretManager(server, folder, project=folder.name)
        destination.environ = {**destination.environ, "GOOGLE_CLOUD_PROJECT": folder.name}
        yield destination


@contextmanager
def _azure(request: pytest.FixtureRequest, folder: Path) -> Iterator[Party]:
    """Each party has names of its own in the one vault."""
    server: Azure = request.getfixturevalue("azure")
    server.hurries = True
    with in_environment({**server.environ, **_DIRECT}):
        destination = Prefixed(server, folder, prefix=folder.name)
        # Its client repeats what fails.
        yield RequestedParty(destination, server, for_good=True, own=f"/{folder.name}-")


@contextmanager
def _vault(request: pytest.FixtureRequest, folder: Path) -> Iterator[Party]:
    server: Vault = request.getfixturevalue("vault")
    with running_faulty(server.address) as faulty:
        destination = VaultDestination(server, folder)
        destination.environ |= {"VAULT_ADDR": faulty.address, "VAULT_MAX_RETRIES": "0"}
        yield RequestedParty(destination, faulty)


@contextmanager
def _kubernetes(request: pytest.FixtureRequest, folder: Path) -> Iterator[Party]:
    server: Kubernetes = request.getfixturevalue("kubernetes")
    with running_faulty(server.address) as faulty:
        yield RequestedParty(Behind(server, faulty, folder), faulty)


def _memory(layout: type[Memory]) -> Offer:
    def made(_: pytest.FixtureRequest, folder: Path) -> InMemory:
        # Sinks are staged in the order of their names: the one that fails comes last, so that there
        # is something to take back in the other.
        start = "b" if folder.name == "first" else "a"
        found = InMemory(folder, name=f"{start}/{{environment}}/{{profile}}")
        found.made = sink_of(layout, found.server)
        return found

    return parties.store(made)


# Of pairs that hold what others do, too, and cost more than an everyday test may.
_SLOW = (pytest.mark.slow,)
_STORES = (pytest.mark.stores,)


@dataclass(frozen=True)
class Offered:
    """What a kind of sink brings: a party, and the marks of tests that have it.

    `alike` is another party for pairs of the very kind, where it takes one.
    """

    offer: Offer
    marks: tuple[pytest.MarkDecorator, ...] = ()
    alike: Offer | None = None


OFFERED = {
    "dotenv": Offered(parties.files(Dotenv, path=".env.production")),
    "directory": Offered(parties.files(Directory, path="tokens"), _SLOW),
    "json": Offered(parties.files(Json, path="tokens.json"), _SLOW),
    "github-secrets": Offered(_github, _SLOW),
    "memory": Offered(_memory(Memory)),
    "siblings": Offered(_memory(Siblings), _SLOW),
    "aliases": Offered(_memory(Aliases), _SLOW),
    "aws-secretsmanager": Offered(_aws(SecretsManager), _SLOW),
    "aws-ssm": Offered(_aws(ParameterStore), _SLOW),
    "gcp-secretmanager": Offered(_gcp, _SLOW, alike=parties.store(_project)),
    "keyring": Offered(_keyring, _SLOW, alike=parties.store(_entries)),
    "azure-keyvault": Offered(_azure, _SLOW),
    "vault": Offered(_vault, _STORES),
    "kubernetes": Offered(_kubernetes, _STORES),
}
"""Every kind that joins is tested with all others, as the one that fails and as the other one."""


FILES = ("dotenv", "directory", "json")
IN_MEMORY = ("memory", "siblings", "aliases")


def _pairs() -> Iterator[Any]:
    for one, other in product(OFFERED, OFFERED):
        # An environment has one file of a name, and these destinations have no other.
        is_one_file = one == other and one in FILES
        # The other layouts in memory stand for real stores, which are all here themselves.
        are_layouts = {one, other} & {"siblings", "aliases"} and not {one, other} <= {*IN_MEMORY}
        if not (is_one_file or are_layouts):
            marks = {mark.name: mark for kind in (one, other) for mark in OFFERED[kind].marks}
            for fault in (Fault.LOST,) if one in FILES else (Fault.LOST, Fault.APPLIED):
                yield pytest.param(one, other, fault, marks=tuple(marks.values()))


@dataclass
class Table:
    """One environment's two sinks and its ledger; the first is the one that fails."""

    first: Party
    second: Party
    ledger: Ledger

    @property
    def parties(self) -> tuple[Party, Party]:
        return self.first, self.second

    def values(self) -> list[Any]:
        """What applications read, by party."""
        return [party.destination.read().get(PROFILE) for party in self.parties]

    def minted(self, number: int) -> Delivery:
        """A session that the ledger knows, on its way to the sinks."""
        one = session(PROFILE, number)._replace(digest=DIGEST, commit=COMMIT)
        [intent] = self.ledger.intend(ENVIRONMENT, [Intent(PROFILE, DIGEST, 0.0, one.expires_at)])
        about = (intent, PROFILE, DIGEST, one.expires_at, 0.0, one.session_id)
        self.ledger.record(ENVIRONMENT, [Minted(*about, commit=COMMIT)])
        return one

    def delivered(self, delivery: Delivery) -> Sequence[Delivered]:
        return self._deliverer().deliver([delivery])

    def _deliverer(self) -> Deliverer:
        return Deliverer(self.ledger, ENVIRONMENT, [party.sink() for party in self.parties])

    @property
    def record(self) -> SessionRecord:
        return self.ledger.sessions(ENVIRONMENT)[PROFILE]

    @property
    def lacking(self) -> list[Party]:
        """The parties that do not hold the session, as far as the ledger knows."""
        return [one for one in self.parties if _key(one) not in self.record.sinks]

    def can_be_finished(self) -> bool:
        """Whether the next run would try it without a mint, as a plan decides it."""
        return all(_key(one) in self.record.staged for one in self.lacking)

    def finished(self) -> dict[str, SinkOutcome]:
        """What becomes of what is staged, by kind and address."""
        outcomes: dict[str, SinkOutcome] = {}
        for party in self.lacking:
            done = self._deliverer().finish(party.sink(), [self.record])
            if PROFILE in done.outcomes:
                outcomes[" ".join(_key(party))] = done.outcomes[PROFILE]
        return outcomes


def _key(party: Party) -> tuple[str, str]:
    sink = party.destination.sink(PROFILE)
    return sink.kind, sink.address


@contextmanager
def _table(request: pytest.FixtureRequest, folder: Path, one: str, other: str) -> Iterator[Table]:
    with ExitStack() as stack:
        made = []
        for name, kind in (("first", one), ("second", other)):
            (folder / name).mkdir()
            offered = OFFERED[kind]
            offer = (offered.alike if one == other else None) or offered.offer
            made.append(stack.enter_context(offer(request, folder / name)))
        yield Table(made[0], made[1], stack.enter_context(Ledger.open(folder / "ledger.db")))


def _outcomes(delivered: Sequence[Delivered]) -> list[SinkOutcome]:
    return [one.outcomes.get(PROFILE, FAILED) for one in delivered]


@pytest.mark.parametrize(("one", "other", "fault"), [*_pairs()])
def test_whichever_step_of_one_fails(
    request: pytest.FixtureRequest, tmp_path: Path, one: str, other: str, fault: Fault
) -> None:
    with _table(request, tmp_path, one, other) as table:
        seen: set[str] = set()
        for number in count():
            before, new = 3 * number + 1, 3 * number + 2
            assert _outcomes(table.delivered(table.minted(before))) == [WRITTEN, WRITTEN]
            state = table.second.destination.state()
            with table.first.failing(number, fault) as is_hit:
                outcomes = _outcomes(table.delivered(table.minted(new)))
            if not is_hit():
                assert outcomes == [WRITTEN, WRITTEN]
                break
            when = _held_to(table, outcomes, before, new, state)
            seen.add(when)
            if when == "during" and table.first.keeps_staged:
                # No token is lost by that.
                assert table.can_be_finished()
                assert set(table.finished().values()) <= {WRITTEN, UNCHANGED}
                assert table.values() == [known(PROFILE, new)] * 2
            _ended(table, new)
    # Something failed before a switch, and something in one, or that was found to be done.
    mended = {"never"} if fault is Fault.APPLIED else set()
    assert "before" in seen
    assert seen & {"during", *mended}


def _held_to(
    table: Table, outcomes: list[SinkOutcome], before: int, new: int, state: object
) -> str:
    """That the sinks have what they are said to have; gives when it was that one failed."""
    values, old, now = table.values(), known(PROFILE, before), known(PROFILE, new)
    failing, other = outcomes
    if failing is not FAILED:
        # Its client, or the store, has mended it.
        assert (outcomes, values) == ([WRITTEN, WRITTEN], [now, now])
        return "never"
    if other is FAILED:
        assert values == [old, old]
        assert table.second.destination.state() == state
        return "before"
    assert (other, values[1]) == (WRITTEN, now)
    # It may be in place where the answer to that was lost, or what tells of it could not be set.
    assert values[0] in (old, now)
    return "during"


def _ended(table: Table, number: int) -> None:
    """That the next run has the session, or a new one, in both sinks."""
    if table.can_be_finished():
        table.finished()
    if table.lacking:
        number += 1
        assert _outcomes(table.delivered(table.minted(number))) == [WRITTEN, WRITTEN]
    assert table.values() == [known(PROFILE, number)] * 2
    assert (table.lacking, table.record.staged) == ([], {})


# ── what is finished, and what is minted anew ────────────────────────────────────────────────────

FLEETING = ("github-secrets", "kubernetes")
"""What is staged there cannot be read by a later run."""
STORES = [
    pytest.param(name, marks=() if name in IN_MEMORY else offered.marks)
    for name, offered in OFFERED.items()
    if name not in (*FILES, *FLEETING)
]


@pytest.fixture(params=STORES)
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Table]:
    """A store, and a file beside it; both hold the first session."""
    with _table(request, tmp_path, request.param, "dotenv") as table:
        assert _outcomes(table.delivered(table.minted(1))) == [WRITTEN, WRITTEN]
        yield table


def _left_staged(table: Table, number: int = 2) -> None:
    """What a run leaves that is killed when all is staged and nothing is switched."""
    receipts = table.ledger.receipts(ENVIRONMENT)
    staged = table.first.sink().stage(Change((table.minted(number),), receipts=receipts))
    staged.read_back()
    table.ledger.claim(ENVIRONMENT, staged.receipts, staged.pending)


def test_what_a_killed_run_staged_is_switched_over_by_the_next_one(table: Table) -> None:
    _left_staged(table)
    assert table.values()[0] == known(PROFILE, 1)
    assert list(table.record.staged) == [_key(table.first)]
    assert list(table.finished().values()) == [WRITTEN]
    assert table.values()[0] == known(PROFILE, 2)
    assert table.lacking == [table.second]
    assert table.first.sink().holds() == {PROFILE}
    # All that tells of it is as if it had been delivered.
    assert _outcomes(table.delivered(_again(2))) == [UNCHANGED, WRITTEN]


def _again(number: int) -> Delivery:
    return session(PROFILE, number)._replace(digest=DIGEST, commit=COMMIT)


class _Dying(Ledger):
    """A ledger whose run ends when it would note what was switched over."""

    def delivered(self, environment: str, receipts: Any) -> None:
        raise KeyboardInterrupt(environment, receipts)


def test_what_was_switched_over_and_not_noted_is_noted_by_the_next_run(
    table: Table, tmp_path: Path
) -> None:
    delivery = table.minted(2)
    with _Dying.open(tmp_path / "ledger.db") as dying, pytest.raises(KeyboardInterrupt):
        Deliverer(dying, ENVIRONMENT, [table.first.sink()]).deliver([delivery])
    assert table.values()[0] == known(PROFILE, 2)
    before = table.first.destination.state()
    assert list(table.finished().values()) == [UNCHANGED]
    assert table.first.destination.state() == before
    assert table.lacking == [table.second]


def test_what_was_staged_and_is_gone_is_not_tried_again(table: Table) -> None:
    _left_staged(table)
    # Another machine, with a ledger of its own, delivers meanwhile.
    table.first.sink().write(Change((_again(3),)))
    assert table.finished() == {}
    assert table.values()[0] == known(PROFILE, 3)
    assert table.record.staged == {}


def test_a_store_that_cannot_be_reached_leaves_it_for_the_run_after(table: Table) -> None:
    _left_staged(table)
    with table.first.failing(0, Fault.LOST):
        done = Deliverer(table.ledger, ENVIRONMENT, [table.first.sink()]).finish(
            table.first.sink(), [table.record]
        )
    assert {one: problem.code for one, problem in done.problems.items()} == {
        PROFILE: "store-unreachable"
    }
    assert list(table.finished().values()) == [WRITTEN]


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("fault", [Fault.LOST, Fault.APPLIED])
def test_to_finish_may_fail_at_any_step_and_goes_on_where_it_was(
    table: Table, number: int, fault: Fault
) -> None:
    _left_staged(table)
    deliverer = Deliverer(table.ledger, ENVIRONMENT, [table.first.sink()])
    with table.first.failing(number, fault):
        deliverer.finish(table.first.sink(), [table.record])
    assert table.values()[0] in (known(PROFILE, 1), known(PROFILE, 2))
    if table.record.staged:
        table.finished()
    assert table.values()[0] == known(PROFILE, 2)
    assert _key(table.first) in table.record.sinks


def test_what_is_staged_goes_with_what_is_taken_out(table: Table) -> None:
    _left_staged(table)
    [pending] = table.record.staged.values()
    gone = frozenset({PROFILE})
    deliverer = Deliverer(table.ledger, ENVIRONMENT, [table.first.sink()])
    [done] = deliverer.deliver((), remove=gone)
    assert done.outcomes == {PROFILE: REMOVED}
    assert table.first.destination.read() == {}
    sink = table.first.destination.sink(PROFILE)
    assert isinstance(sink, StoreSink)
    # The store in memory fails where it has never heard of a name.
    with suppress(KeyError):
        assert sink.store.read(sink.naming.object_of(PROFILE), pending.version) is None
    assert table.record.staged == {}


def test_a_ledger_alone_cannot_have_other_values_put_in_place(table: Table) -> None:
    """What was staged has to be the session that the ledger knows."""
    _left_staged(table)
    pending = table.record.staged.values()
    table.minted(3)
    table.ledger.claim(ENVIRONMENT, table.ledger.receipts(ENVIRONMENT), pending)
    assert table.finished() == {}
    assert table.values()[0] == known(PROFILE, 1)
