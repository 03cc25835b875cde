"""A folder of rendered bodies: what is written, what is removed, and what `--check` says of it."""

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import SOUND, Ran, ran, write

LIST = ".voxmint-rendered"
ALL = ["local/call-center/german.json", "local/clinic.json", "production/clinic.json"]


def render(folder: Path, *arguments: str) -> Ran:
    return ran(folder, "render", "--output-dir", "out", *arguments)


def check(folder: Path, *arguments: str) -> Ran:
    return render(folder, "--check", *arguments)


def files(folder: Path) -> list[str]:
    out = folder / "out"
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


def listed(folder: Path) -> list[str]:
    lines = (folder / "out" / LIST).read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.fixture
def rendered(sound: Path) -> Path:
    assert render(sound).code == 0
    return sound


def test_all_bodies_are_written_where_none_is_named(rendered: Path) -> None:
    assert files(rendered) == [LIST, *ALL]
    assert listed(rendered) == ALL
    assert check(rendered) == (0, "3 files in out as they should be\n", "")
    assert ran(rendered, "-q", "render", "--output-dir", "out", "--check") == (0, "", "")


def test_what_differs_is_missing_or_left_over_is_said(
    rendered: Path, snapshot: SnapshotAssertion
) -> None:
    out = rendered / "out"
    write(rendered, {"profiles/fresh.yaml": "extends: base\n"})
    (rendered / "profiles/call-center/german.yaml").unlink()
    (out / "local/clinic.json").write_text("{}\n")
    before = {name: (out / name).read_bytes() for name in files(rendered)}
    found = check(rendered)
    assert found.code == 1
    assert str(found) == snapshot
    assert {name: (out / name).read_bytes() for name in files(rendered)} == before

    assert str(ran(rendered, "-v", "render", "--output-dir", "out")) == snapshot
    assert files(rendered) == [
        LIST,
        "local/clinic.json",
        "local/fresh.json",
        "production/clinic.json",
        "production/fresh.json",
    ]
    assert not (out / "local/call-center").exists()
    assert check(rendered).code == 0


def test_one_file_is_told_as_one(rendered: Path, snapshot: SnapshotAssertion) -> None:
    (rendered / "out/local/clinic.json").unlink()
    assert str(check(rendered)) == snapshot


def test_only_what_voxmint_wrote_is_removed(rendered: Path) -> None:
    theirs = {"out/local/notes.json": "{}", "out/local/call-center/german.txt": "x"}
    write(rendered, theirs)
    (rendered / "profiles/call-center/german.yaml").unlink()
    assert render(rendered).code == 0
    assert [name for name in theirs if not (rendered / name).is_file()] == []
    assert "local/call-center/german.json" not in files(rendered)
    assert check(rendered).code == 0


def test_without_the_list_nothing_is_removed(rendered: Path) -> None:
    (rendered / "out" / LIST).unlink()
    (rendered / "profiles/call-center/german.yaml").unlink()
    found = check(rendered)
    assert (found.code, f"missing    out/{LIST}\n" in found.out) == (1, True)
    assert render(rendered).code == 0
    assert files(rendered) == [LIST, *ALL]
    assert listed(rendered) == ALL[1:]


def test_the_files_of_an_environment_that_is_gone_are_left_over(rendered: Path) -> None:
    (rendered / "environments/production.yaml").unlink()
    found = check(rendered, "*", "-e", "local")
    assert (found.code, "left over  out/production/clinic.json\n" in found.out) == (1, True)
    assert render(rendered, "clinic", "-e", "local").code == 0
    assert files(rendered) == [LIST, *ALL[:2]]
    assert not (rendered / "out/production").exists()


@pytest.mark.parametrize(
    "given", [("clinic", "-e", "local"), ("-l", "tier=gold"), ("-e", "production"), ("c*",)]
)
def test_what_was_not_asked_for_is_left_alone(rendered: Path, given: tuple[str, ...]) -> None:
    assert check(rendered, *given).code == 0
    assert render(rendered, *given).code == 0
    assert listed(rendered) == ALL
    (rendered / "out/local/call-center/german.json").write_text("else")
    assert check(rendered, "clinic").code == 0


def test_a_profile_that_an_environment_no_longer_has(rendered: Path) -> None:
    production = SOUND["environments/production.yaml"].replace('"*", ', '"*", "!clinic", ')
    write(rendered, {"environments/production.yaml": production, "profiles/a.yaml": "{}\n"})
    render(rendered)
    assert "production/clinic.json" not in files(rendered)
    assert "local/clinic.json" in files(rendered)


def test_a_folder_holds_one_form(rendered: Path) -> None:
    assert render(rendered, "-o", "yaml").code == 0
    assert files(rendered) == [LIST, *(name.replace(".json", ".yaml") for name in ALL)]


def test_other_modes_of_a_checkout_do_not_count(rendered: Path) -> None:
    for name in ALL:
        (rendered / "out" / name).chmod(0o664)
    assert check(rendered).code == 0
    assert render(rendered).err == "wrote 0 files, 3 unchanged → out\n"


def test_one_wrong_body_fails_the_check(rendered: Path) -> None:
    write(rendered, {"profiles/clinic.yaml": "extends: base\nsession: {x: 1}\n"})
    found = check(rendered)
    assert (found.code, found.out) == (1, "")
    assert "`x` is not a field" in found.err


def test_check_needs_a_folder(sound: Path) -> None:
    found = ran(sound, "render", "clinic", "-e", "local", "--check")
    assert (found.code, found.out) == (64, "")
    assert "`--output-dir DIR`" in found.err


# ── a list from a stranger ───────────────────────────────────────────────────────────────────────

HOSTILE = """\
../precious.json
local/../../precious.json
/etc/passwd
precious.json
.git/config.json
local/.hidden.json
local/precious.txt
local//precious.json
"broken
"../precious.json"
[]
<<<<<<< ours
local/clinic.json
=======
local/old.json
>>>>>>> theirs
"""


def test_a_list_removes_only_what_could_be_voxmints(rendered: Path) -> None:
    precious = ["precious.json", "out/precious.json", "out/.git/config.json"]
    precious += ["out/local/.hidden.json", "out/local/precious.txt", "out/local/precious.json"]
    write(rendered, dict.fromkeys([*precious, "out/local/old.json"], "mine"))
    write(rendered, {f"out/{LIST}": HOSTILE})
    assert render(rendered).code == 0
    assert [name for name in precious if (rendered / name).read_text() != "mine"] == []
    assert not (rendered / "out/local/old.json").exists()
    assert listed(rendered) == ALL


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_a_link_leads_nothing_out_of_the_folder(
    sound: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere, {"clinic.json": "mine", "old.json": "mine"})
    write(sound, {f"out/{LIST}": "local/old.json\n"})
    (sound / "out/local").symlink_to(elsewhere)
    found = render(sound, *arguments)
    assert found.code == 64
    assert "leads out of" in found.err
    assert sorted(path.name for path in elsewhere.iterdir()) == ["clinic.json", "old.json"]
    assert (elsewhere / "clinic.json").read_text() == "mine"


def test_a_link_or_folder_in_the_place_of_a_file_differs(rendered: Path) -> None:
    clinic, german = rendered / "out" / ALL[1], rendered / "out" / ALL[0]
    (rendered / "out/copy").write_bytes(clinic.read_bytes())
    clinic.unlink()
    clinic.symlink_to(rendered / "out/copy")
    german.unlink()
    german.mkdir()
    found = check(rendered)
    assert found.code == 1
    assert found.out.count("differs") == 2
    assert render(rendered).code == 1
    assert clinic.is_symlink()


def test_names_that_no_line_could_hold(sound: Path) -> None:
    write(sound, {"profiles/two\nlines.yaml": "extends: base\n"})
    name = "local/two\nlines.json"
    assert render(sound).code == 0
    assert json.dumps(name) in listed(sound)
    assert check(sound).code == 0
    (sound / "profiles/two\nlines.yaml").unlink()
    assert "local/two\\nlines.json" in check(sound).out
    assert render(sound).code == 0
    assert files(sound) == [LIST, *ALL]


def test_two_bodies_of_one_name(sound: Path) -> None:
    provider = "provider: {kind: emulator}\n"
    write(sound, {"environments/local/call-center.yaml": provider, "profiles/german.yaml": "{}\n"})
    found = render(sound)
    assert found.code == 64
    assert "two bodies would be written to `local/call-center/german.json`" in found.err
    assert not (sound / "out").exists()
