"""What goes to the sinks, in which groups, and what is kept of it after that."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from tests.engine.minting.test_line import in_a_loop, until
from voxmint.engine.apis import Answer
from voxmint.engine.ledger.ledger import Failed, Minted, Outcome
from voxmint.engine.minting.courier import Courier
from voxmint.engine.minting.delivery import Delivered
from voxmint.engine.minting.line import Job
from voxmint.engine.plan import Action, Cause, Decision, Entry, SinkPlace
from voxmint.engine.sinks.contract import Delivery, SinkOutcome
from voxmint.engine.stores.wording import STORE_CHANGED
from voxmint.engine.wording import MINT_INTERRUPTED
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret


class Keeper:
    """Keeps what it is given, in the one sink that there is; `problem` is why it does not."""

    def __init__(self) -> None:
        self.groups: list[list[Delivery]] = []
        self.recorded: list[Outcome] = []
        self.problem: Problem | None = None
        self.is_shut = False

    def record(self, outcomes: Sequence[Outcome]) -> None:
        self.recorded += outcomes
        if self.is_shut:
            raise ProblemsError([Problem(MINT_INTERRUPTED)])

    def deliver(
        self, deliveries: Sequence[Delivery], remove: frozenset[str] = frozenset()
    ) -> tuple[Delivered, ...]:
        assert not remove
        self.groups.append(list(deliveries))
        outcome = SinkOutcome.FAILED if self.problem else SinkOutcome.WRITTEN
        return (Delivered({one.profile: outcome for one in deliveries}, {}, self.problem),)


def courier(
    keeper: Keeper, kept: list[str], on_trouble: Callable[[Problem], None] = lambda _: None
) -> Courier:
    def on_kept(profile: str, _: int) -> None:
        kept.append(profile)

    def ignore(*_: Any) -> None:
        pass

    place = SinkPlace("dotenv", ".env", "/.env")
    return Courier(keeper, [place], lambda: None, ignore, on_trouble, on_kept)


def job(profile: str) -> Job:
    decision = Decision(Action.MINT, Cause.NEVER_MINTED, "no token yet")
    return Job(Entry(profile, decision, {}, "digest", 600, dict))


ANSWER = Answer(Secret("ek_canary"), 1_790_000_600, "sess_1", {"model": "whisper-1"}, "req_1")


@in_a_loop
async def test_a_token_is_let_go_when_it_is_in_every_sink() -> None:
    keeper, kept = Keeper(), list[str]()
    one = courier(keeper, kept)
    one.minted(job("clinic"), ANSWER, 1_790_000_000.0)
    parcel = one.parcels["clinic"]
    one.close()
    await one.run()
    assert [[delivery.token for delivery in group] for group in keeper.groups] == [[ANSWER.token]]
    assert (kept, parcel.token, parcel.session_id) == (["clinic"], None, "sess_1")


@in_a_loop
async def test_a_token_that_is_in_no_sink_is_held_and_tried_once_more() -> None:
    keeper, kept = Keeper(), list[str]()
    keeper.problem = Problem(MINT_INTERRUPTED)
    one = courier(keeper, kept)
    one.minted(job("clinic"), ANSWER, 1_790_000_000.0)
    parcel = one.parcels["clinic"]
    running = asyncio.create_task(one.run())
    await until(lambda: parcel.sinks != ())
    assert (kept, parcel.token) == ([], ANSWER.token)
    keeper.problem = None
    one.close()
    await running
    assert (len(keeper.groups), kept, parcel.token) == (2, ["clinic"], None)
    assert [type(outcome) for outcome in keeper.recorded] == [Minted, Minted]


@in_a_loop
async def test_a_secret_that_others_wrote_meanwhile_stops_no_other_profile() -> None:
    keeper, kept, troubles = Keeper(), list[str](), list[Problem]()
    keeper.problem = Problem(STORE_CHANGED, None, {"name": "clinic", "said": "a newer version"})
    one = courier(keeper, kept, troubles.append)
    one.minted(job("clinic"), ANSWER, 1_790_000_000.0)
    parcel = one.parcels["clinic"]
    running = asyncio.create_task(one.run())
    await until(lambda: parcel.sinks != ())
    keeper.problem = None
    # It goes along with what comes next, and is looked at anew.
    one.minted(job("ward"), ANSWER, 1_790_000_000.0)
    await until(lambda: kept != [])
    assert [[each.profile for each in group] for group in keeper.groups] == [
        ["clinic"],
        ["clinic", "ward"],
    ]
    one.close()
    await running
    assert (kept, troubles) == (["clinic", "ward"], [])


@in_a_loop
async def test_a_ledger_that_cannot_be_written_holds_all_up_to_the_last_try() -> None:
    keeper, kept = Keeper(), list[str]()
    keeper.is_shut = True
    one = courier(keeper, kept)
    first, refused = job("clinic"), job("ward")
    one.minted(first, ANSWER, 1_790_000_000.0)
    one.failed(refused)
    running = asyncio.create_task(one.run())
    await until(lambda: len(keeper.recorded) == 2)
    # What comes after that goes no further either.
    one.minted(job("ward"), ANSWER, 1_790_000_000.0)
    await until(lambda: len(keeper.recorded) > 2)
    assert keeper.groups == []
    assert [type(outcome) for outcome in keeper.recorded].count(Minted) == 1
    keeper.is_shut = False
    keeper.recorded.clear()
    one.close()
    await running
    assert [type(outcome) for outcome in keeper.recorded] == [Failed, Minted, Minted]
    assert (len(keeper.groups), sorted(kept)) == (1, ["clinic", "ward"])
