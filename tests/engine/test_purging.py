"""What a purge takes out and what it leaves, and that it goes on where the last one stopped."""

from io import StringIO
from pathlib import Path

import pytest

from tests.engine.mints import NOW, Desk, desk
from tests.engine.worlds import problem_of
from voxmint.engine.edge import Operator
from voxmint.engine.ledger.ledger import Intent, Ledger
from voxmint.engine.mint import mint
from voxmint.engine.purge_report import Fate, Purge, PurgeReport
from voxmint.engine.purging import plan_purge, purge, scope_of
from voxmint.engine.sinks.contract import Console, Receipt
from voxmint.problems import ProblemsError, UsageError

TWO = "sinks: [{kind: dotenv, path: .env.live}, {kind: dotenv, path: .env.more}]\n"


def looked(desk: Desk, *profiles: str) -> Purge:
    return plan_purge(scope_of(desk.project, "live"), profiles, Operator(), desk.edge())


def purged(desk: Desk, *profiles: str, agreed: Purge | None = None) -> PurgeReport:
    scope = scope_of(desk.project, "live")
    return purge(scope, profiles, Operator(lock_timeout=60), desk.edge(), agreed)


def fates(report: PurgeReport) -> dict[str, Fate]:
    return {one.item.profile: one.fate for one in report.results}


def receipts(desk: Desk) -> set[str]:
    """The profiles of which a sink holds something, as the ledger has it."""
    with Ledger.open(desk.root / ".voxmint/ledger.db", readonly=True) as ledger:
        return {one.profile for one in ledger.receipts("live")}


def test_voxmints_lines_go_and_others_stay(tmp_path: Path) -> None:
    made = desk(tmp_path, ("clinic", "kiosk"))
    made.write(".env.live", "# ours\nOURS='a b'\n")
    made.mint()
    report = purged(made)
    assert report.exit_code == 0
    assert fates(report) == {"clinic": Fate.REMOVED, "kiosk": Fate.REMOVED}
    assert made.env_file.read_text() == "# ours\nOURS='a b'\n"
    assert receipts(made) == set()


def test_it_says_until_when_each_token_lives(tmp_path: Path) -> None:
    made = desk(tmp_path, ("clinic", "kiosk"))
    made.mint("clinic")
    made.now += 100
    made.mint("kiosk")
    assert {item.profile: item.expires_at for item in looked(made).items} == {
        "clinic": NOW + 600,
        "kiosk": NOW + 700,
    }
    purged(made)
    # No sink holds them any more, and they live all the same.
    assert looked(made).items == ()
    assert [item.expires_at for item in looked(made).lingering] == [NOW + 600, NOW + 700]
    made.now += 550
    assert [item.profile for item in looked(made).lingering] == ["kiosk"]


def test_only_the_profiles_that_are_named(tmp_path: Path) -> None:
    made = desk(tmp_path, ("clinic", "calls/a", "calls/b"))
    made.mint()
    assert fates(purged(made, "calls/*", "!*/b")) == {"calls/a": Fate.REMOVED}
    assert [name for name in made.variables if name.endswith("SECRET")] == [
        "CALLS_B_CLIENT_SECRET",
        "CLINIC_CLIENT_SECRET",
    ]
    with pytest.raises(UsageError, match="nothing is known of a profile `clinik`") as error:
        looked(made, "clinik")
    assert error.value.hint == "did you mean `clinic`?"


def test_the_next_mint_writes_new_tokens(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    purged(made)
    [entry] = made.plan().entries
    assert (str(entry.action), entry.reason) == ("renew", "the token minted last is in no sink")
    made.mint()
    assert "CLINIC_CLIENT_SECRET" in made.variables


def test_a_mistake_in_a_profile_does_not_keep_its_token(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    made.write("profiles/clinic.yaml", "extends: nothing\nsession: {x: 1}\n")
    made.write("profiles/other.yaml", "{")
    assert fates(purged(made)) == {"clinic": Fate.REMOVED}


def test_what_a_deleted_profile_left_goes_too(tmp_path: Path) -> None:
    made = desk(tmp_path, ("clinic", "kiosk"))
    made.mint()
    (made.root / "profiles/kiosk.yaml").unlink()
    assert fates(purged(made)) == {"clinic": Fate.REMOVED, "kiosk": Fate.REMOVED}
    assert made.variables == {}


def test_without_the_ledger_its_names_are_known_and_its_end_is_not(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    (made.root / ".voxmint/ledger.db").unlink()
    [item] = looked(made).items
    assert (item.profile, item.expires_at) == ("clinic", None)
    purged(made)
    assert made.variables == {}


def test_what_another_environment_wrote_under_the_same_names_stays(tmp_path: Path) -> None:
    made = desk(tmp_path, ("clinic", "kiosk"))
    made.write("environments/other.yaml", (made.root / "environments/live.yaml").read_text())
    made.mint()
    other = made.project.order(["clinic"], ["other"])
    assert mint(made.project, other, Operator(lock_timeout=60), made.edge()).exit_code == 0
    assert fates(purged(made)) == {"kiosk": Fate.REMOVED}
    assert "CLINIC_CLIENT_SECRET" in made.env_file.read_text()


def test_one_sink_that_fails_does_not_keep_the_tokens_in_another(tmp_path: Path) -> None:
    made = desk(tmp_path, more=TWO)
    made.mint()
    real = made.root / ".env.real"
    made.env_file.rename(real)
    made.env_file.symlink_to(real)
    report = purged(made)
    assert report.exit_code == 3
    [one] = report.results
    assert (one.fate, one.problem and one.problem.code) == (Fate.FAILED, "file-is-symlink")
    assert [str(sink.outcome) for sink in one.sinks] == ["failed", "removed"]
    assert (made.root / ".env.more").read_text() == ""
    assert receipts(made) == {"clinic"}
    made.env_file.unlink()
    real.rename(made.env_file)
    assert purged(made).exit_code == 0
    assert (made.variables, receipts(made)) == ({}, set())


def test_a_sink_that_cannot_be_asked_and_is_not_in_the_ledger_is_told(tmp_path: Path) -> None:
    made = desk(tmp_path, more=TWO)
    made.mint()
    # Another machine, or a ledger that is lost: only the sinks themselves know.
    (made.root / ".voxmint/ledger.db").unlink()
    real = made.root / ".env.real"
    made.env_file.rename(real)
    made.env_file.symlink_to(real)
    found = looked(made)
    assert [sink.target for item in found.items for sink in item.sinks] == [".env.more"]
    assert [problem.code for problem in found.problems] == ["file-is-symlink"]
    report = purged(made)
    assert (fates(report), report.exit_code) == ({"clinic": Fate.REMOVED}, 3)
    report = purged(made)
    assert (report.results, report.exit_code) == ((), 1)
    assert [one["code"] for one in report.to_json()["problems"]] == ["file-is-symlink"]
    made.env_file.unlink()
    real.rename(made.env_file)
    report = purged(made)
    assert (fates(report), report.exit_code) == ({"clinic": Fate.REMOVED}, 0)
    assert made.variables == {}


def test_one_profiles_file_that_cannot_be_read_does_not_keep_the_tokens_of_others(
    tmp_path: Path,
) -> None:
    more = "sinks: [{kind: dotenv, path: '.env.{profile}'}]\n"
    made = desk(tmp_path, ("clinic", "kiosk"), more=more)
    made.mint()
    (made.root / ".env.kiosk").write_bytes(b"\xff\xfeK\0")
    report = purged(made)
    assert report.exit_code == 3
    assert fates(report) == {"clinic": Fate.REMOVED, "kiosk": Fate.FAILED}
    assert [one.problem.code for one in report.results if one.problem] == ["sink-file-unparsable"]
    assert not (made.root / ".env.clinic").exists()
    assert (made.root / ".env.kiosk").read_bytes() == b"\xff\xfeK\0"
    assert receipts(made) == {"kiosk"}
    (made.root / ".env.kiosk").write_text("")
    assert purged(made).exit_code == 0


def test_where_nothing_could_be_taken_out_it_failed(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    made.env_file.rename(made.root / ".env.real")
    made.env_file.symlink_to(".env.real")
    assert purged(made).exit_code == 1


def test_one_that_was_killed_before_it_took_note_is_finished(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    with Ledger.open(made.root / ".voxmint/ledger.db") as ledger:
        before = ledger.receipts("live")
        purged(made)
        ledger.claim("live", before)
    assert fates(purged(made)) == {"clinic": Fate.REMOVED}
    assert receipts(made) == set()


def test_a_sink_that_is_no_more_is_named_with_what_it_holds(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    made.write(
        "environments/live.yaml",
        "provider: {kind: emulator}\nsinks: [{kind: dotenv, path: .env.new}]\n",
    )
    found = looked(made)
    assert found.items == ()
    [problem] = found.problems
    assert problem.code == "purge-out-of-reach"
    assert "CLINIC_CLIENT_SECRET, CLINIC_EXPIRES_AT" in problem.message


def test_what_was_printed_is_not_said_to_be_kept_anywhere(tmp_path: Path) -> None:
    made = desk(tmp_path)
    order = made.project.order((), ["live"])
    operator = Operator(lock_timeout=60, sinks=("stdout",))
    mint(made.project, order, operator, made.edge(console=Console(StringIO(), StringIO())))
    found = looked(made)
    assert [sink.target for item in found.items for sink in item.sinks] == [".env.live"]
    assert found.problems == ()
    assert purged(made).exit_code == 0


def test_sinks_of_every_kind_are_emptied(tmp_path: Path) -> None:
    more = (
        "sinks:\n"
        "  - {kind: dotenv, path: .env.live, where: {labels: {tier: gold}}}\n"
        "  - {kind: json, path: .env.json}\n"
        "  - {kind: directory, path: .env.d}\n"
    )
    made = desk(tmp_path, ("clinic", "kiosk"), more=more)
    made.write("profiles/clinic.yaml", "extends: base\nlabels: {tier: gold}\n")
    made.mint()
    token = made.variables["CLINIC_CLIENT_SECRET"]
    (made.root / ".voxmint/ledger.db").unlink()
    found = {item.profile: [sink.kind for sink in item.sinks] for item in looked(made).items}
    assert found == {"clinic": ["dotenv", "json", "directory"], "kiosk": ["json", "directory"]}
    assert purged(made).exit_code == 0
    assert made.variables == {}
    held = [path for path in made.root.rglob("*") if path.is_file()]
    assert not [path for path in held if token.encode() in path.read_bytes()]
    assert looked(made).items == ()


def test_an_environment_without_sinks_has_nothing_to_take_out(tmp_path: Path) -> None:
    made = desk(tmp_path, more="sinks: []\n")
    assert looked(made).items == ()
    assert purged(made).exit_code == 0


def test_only_what_was_shown_is_taken_out(tmp_path: Path) -> None:
    made = desk(tmp_path, ("clinic", "kiosk"))
    made.mint("clinic")
    agreed = looked(made)
    made.mint("kiosk")
    before = made.env_file.read_text()
    with pytest.raises(ProblemsError) as error:
        purged(made, agreed=agreed)
    assert problem_of(error).code == "purge-changed"
    assert made.env_file.read_text() == before
    assert purged(made, agreed=looked(made)).exit_code == 0


def test_tokens_that_nobody_has_are_named(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    with Ledger.open(made.root / ".voxmint/ledger.db") as ledger:
        ledger.intend("live", [Intent("clinic", "digest", NOW, int(NOW) + 50)])
        ledger.claim("live", [Receipt("clinic", "dotenv", ".env.live", ("CLINIC_CLIENT_SECRET",))])
    [one] = looked(made).unseen
    assert (one.profile, one.last_expiry) == ("clinic", NOW + 50)


def test_asked_to_stop_it_says_what_is_left(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    before = made.env_file.read_text()
    made.stop.ask()
    report = purged(made)
    assert (report.exit_code, fates(report)) == (130, {"clinic": Fate.SKIPPED})
    assert made.env_file.read_text() == before


@pytest.mark.parametrize("name", ["live", "staging"])
def test_its_environment_must_be_there_and_readable(tmp_path: Path, name: str) -> None:
    made = desk(tmp_path)
    made.write("environments/live.yaml", "{")
    with pytest.raises((ProblemsError, UsageError)):
        scope_of(made.project, name)
