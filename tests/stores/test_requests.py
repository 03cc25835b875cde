"""How many requests a profile takes: what the page on stores says is counted."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.stores.parties import GcpParty, Party, RequestedParty
from tests.stores.test_pairs import OFFERED, Offered
from voxmint.testing.sink_contract import WRITTEN, delivering, errors_of

PAGE = Path(__file__).resolve().parents[2] / "docs/stores.md"
ROW = re.compile(r"^\| `([\w-]+)`.* \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
SAID = {kind: tuple(map(int, counts)) for kind, *counts in ROW.findall(PAGE.read_text("utf-8"))}
PROFILES, OTHER = ("clinic", "ward/7"), "kiosk"


def asked(party: Party) -> Sequence[object]:
    """The requests that came to a party's store so far."""
    if isinstance(party, GcpParty):
        return party.gcp.calls
    assert isinstance(party, RequestedParty)
    return party.front.requests


def counted(party: Party, call: Callable[[], object]) -> int:
    before = len(asked(party))
    call()
    return len(asked(party)) - before


def cases() -> list[object]:
    kinds = [kind for kind in OFFERED if kind in SAID]
    return [pytest.param(kind, marks=OFFERED[kind].marks) for kind in kinds]


def test_the_page_has_all_stores_that_are_asked_by_requests() -> None:
    others = {"dotenv", "directory", "json", "keyring", "memory", "siblings", "aliases"}
    assert SAID.keys() == OFFERED.keys() - others


@pytest.mark.parametrize("kind", cases())
def test_a_profile_takes_as_many_requests_as_the_page_says(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    offered: Offered = OFFERED[kind]
    folder = tmp_path / "first"
    folder.mkdir()
    with offered.offer(request, folder) as party:

        def written(number: int, *profiles: str) -> None:
            sink = party.destination.sink(*PROFILES, OTHER)
            outcomes = sink.write(delivering(*profiles, number=number))
            assert set(outcomes.values()) == {WRITTEN}

        def more(call: Callable[..., object]) -> int:
            """How many more it takes for one more: what is asked once for all is nobody's."""
            return counted(party, lambda: call(*PROFILES)) - counted(party, lambda: call(OTHER))

        look = more(lambda *profiles: errors_of(party.destination.sink(*profiles)))
        first = more(lambda *profiles: written(1, *profiles))
        written(2, *PROFILES, OTHER)
        assert (look, first, more(lambda *profiles: written(3, *profiles))) == SAID[kind]
