"""A canary token in a secrets manager: no command shows anything of it, whatever fails there."""

from pathlib import Path

import pytest

from tests.engine.mints import Desk
from tests.engine.scripted import Scripted
from tests.night.canaries import KEY, TOKEN, files_with_leaks, leaks, project, run, token
from tests.stores.keyrings import InMemory

COMMANDS = (
    "validate",
    "plan -e live --refresh",
    "plan -e live --out plan.json",
    "mint --plan plan.json",
    "status",
    "sinks -e live --check",
    "plan -e live --refresh -o json",
    "mint -e live --force -o json",
    "purge -e live --dry-run -o json",
    "purge -e live --yes -o json",
    "mint -e live",
    "purge -e live --yes",
)


def into_a_keyring(folder: Path, server: Scripted) -> Desk:
    """The project of the canaries, with its sink exchanged for a store."""
    made = project(folder, server)
    settings = made.root / "environments/live.yaml"
    before, sign, _ = settings.read_text().partition("sinks:")
    assert sign
    settings.write_text(f"{before}sinks: [{{kind: keyring}}]\n")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("level", ["-v", "-q"])
def test_no_command_shows_anything_of_what_is_in_a_store(
    tmp_path: Path, keyring_in_memory: InMemory, level: str
) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = into_a_keyring(tmp_path, server)
        held: list[bool] = []
        for text in COMMANDS:
            found = run(made, level, *text.split(), VOXMINT_TRACEBACK="1")
            assert leaks(found.out + found.err) == [], text
            assert "Traceback" not in found.err, text
            assert found.code == 0, f"{text}\n{found}"
            assert files_with_leaks(made) == [], text
            held.append(any(TOKEN in value for value in keyring_in_memory.held.values()))
    # It was there, and is there no more.
    assert (any(held), held[-1]) == (True, False)


@pytest.mark.slow
def test_a_store_that_repeats_what_it_was_given_is_not_repeated(
    tmp_path: Path, keyring_in_memory: InMemory
) -> None:
    def failing() -> None:
        raise RuntimeError(f"not {TOKEN}, and not {KEY}")

    with Scripted(lambda number, _: token(number)) as server:
        made = into_a_keyring(tmp_path, server)
        assert run(made, "mint", "-e", "live").code == 0
        keyring_in_memory.failing = failing
        for text in COMMANDS[1:]:
            found = run(made, "-v", *text.split())
            assert leaks(found.out + found.err) == [], text
            assert files_with_leaks(made) == [], text
