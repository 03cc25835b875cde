"""What holds secrets shows none of them where it is shown itself."""

from pathlib import Path

from voxmint.engine.files import Existing
from voxmint.engine.sinks.contract import Change, Delivery
from voxmint.engine.sinks.surroundings import surroundings_of
from voxmint.secret import Secret

TOKEN = "ek_never_shown"


def test_a_file_that_was_read_is_shown_by_its_size() -> None:
    existing = Existing(TOKEN.encode(), 0o600, 0, 0, ())
    assert repr(existing) == f"Existing({len(TOKEN)} bytes, mode=600)"


def test_what_a_sink_is_given_is_shown_without_the_machines_variables(tmp_path: Path) -> None:
    around = surroundings_of(tmp_path, {})._replace(environ={"KEY": TOKEN})
    assert repr(around) == f"Surroundings({str(tmp_path)!r}, '')"


def test_a_change_is_shown_without_its_tokens() -> None:
    change = Change((Delivery("clinic", Secret(TOKEN), 1_800_000_000),))
    assert "clinic" in repr(change)
    assert TOKEN not in repr(change)
