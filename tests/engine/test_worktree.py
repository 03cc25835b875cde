import os
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.worlds import ordinary_folder, run
from tests.sockets import make_socket
from voxmint.engine.worktree import WorkTree
from voxmint.profiles.source import SourceError

LIMIT = 100


def write(path: Path, text: str = "session: {}\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    write(project / "voxmint.yaml", "version: 1\n")
    write(project / "profiles/base.yaml", "abstract: true\n")
    write(project / "profiles/call-center/german.yml")
    return project


def refusal(project: Path, path: str) -> tuple[str, str]:
    with pytest.raises(SourceError) as error:
        WorkTree(project).read(path, LIMIT)
    for before in ("profiles/base.yaml", "profiles/call-center/german.yml"):
        # With a folder held open, be it the file's own or another one, the same is refused.
        with WorkTree(project) as tree:
            tree.read(before, LIMIT)
            with pytest.raises(SourceError) as again:
                tree.read(path, LIMIT)
        assert again.value.args == error.value.args
    return error.value.reason, error.value.detail


def refused_listing(project: Path, folder: str) -> tuple[str, str]:
    with pytest.raises(SourceError) as error:
        assert WorkTree(project).listing(folder).whole
    return error.value.reason, error.value.detail


def test_names_are_the_yaml_files_below_a_folder_sorted(project: Path) -> None:
    write(project / "profiles/a-b.yaml")
    write(project / "profiles/notes.md")
    assert WorkTree(project).listing("profiles").files == [
        "profiles/a-b.yaml",
        "profiles/base.yaml",
        "profiles/call-center/german.yml",
    ]
    assert "voxmint.yaml" in WorkTree(project).listing(".").files


def test_hidden_entries_are_left_out(project: Path) -> None:
    write(project / "profiles/.draft.yaml")
    write(project / "profiles/.git/config.yaml")
    assert len(WorkTree(project).listing("profiles").files) == 2


@pytest.mark.parametrize("make", ["folder", "pipe", "dangling"])
def test_what_only_bears_a_yaml_files_name_is_listed_and_not_read(project: Path, make: str) -> None:
    odd = project / "profiles/odd.yaml"
    match make:
        case "folder":
            write(odd / "inner.yaml")
        case "pipe":
            os.mkfifo(odd)
        case "dangling":
            odd.symlink_to("nowhere")
    assert "profiles/odd.yaml" in WorkTree(project).listing("profiles").files
    assert "profiles/odd.yaml/inner.yaml" not in WorkTree(project).listing("profiles").files
    assert (
        refusal(project, "profiles/odd.yaml")
        == {
            "folder": ("not-a-file", "it is a folder"),
            "pipe": ("not-a-file", "it is a named pipe"),
            "dangling": ("missing", "there is no such file"),
        }[make]
    )


def test_a_link_that_may_have_led_to_profiles_is_not_passed_over(project: Path) -> None:
    (project / "profiles/readme").symlink_to("base.yaml")
    assert WorkTree(project).listing("profiles").refused == []
    (project / "profiles/common").symlink_to("../not-checked-out")
    assert refused_listing(project, "profiles") == (
        "unreadable",
        "`profiles/common`: it leads nowhere",
    )


def test_links_inside_the_project_are_followed(project: Path) -> None:
    write(project / "common/more/common.yaml", "common\n")
    (project / "profiles/common").symlink_to("../common")
    (project / "profiles/link.yaml").symlink_to("../common/more/common.yaml")
    tree = WorkTree(project)
    assert "profiles/common/more/common.yaml" in tree.listing("profiles").files
    assert tree.read("profiles/common/more/common.yaml", LIMIT) == b"common\n"
    assert tree.read("profiles/link.yaml", LIMIT) == b"common\n"


def test_links_that_loop_do_not_loop_the_listing(project: Path) -> None:
    (project / "profiles/again").symlink_to(".")
    (project / "profiles/call-center/up").symlink_to("..")
    (project / "profiles/self.yaml").symlink_to("self.yaml")
    assert WorkTree(project).listing("profiles").files == [
        "profiles/base.yaml",
        "profiles/call-center/german.yml",
        "profiles/self.yaml",
    ]
    assert refusal(project, "profiles/self.yaml") == (
        "unreadable",
        "its symlinks run in a circle",
    )


def test_many_links_to_the_same_folders_do_not_multiply_the_listing(project: Path) -> None:
    (project / "profiles/l30").mkdir()
    for level in range(30):
        folder = project / f"profiles/l{level}"
        folder.mkdir()
        (folder / "one").symlink_to(f"../l{level + 1}")
        (folder / "two").symlink_to(f"../l{level + 1}")
    assert len(WorkTree(project).listing("profiles").files) == 2


def test_a_link_that_leaves_the_project_is_refused_before_it_is_opened(
    project: Path, tmp_path: Path
) -> None:
    # Opened for reading, a named pipe without a writer would be seen by one who waits to write.
    os.mkfifo(tmp_path / "trap")
    write(tmp_path / "outside/secret.yaml")
    (project / "profiles/out.yaml").symlink_to(tmp_path / "trap")
    (project / "profiles/lib.yaml").symlink_to("../../outside/secret.yaml")
    away = ("outside", "it leads out of the project")
    assert refusal(project, "profiles/out.yaml") == away
    assert refusal(project, "profiles/lib.yaml") == away
    (project / "profiles/lib").symlink_to("../../outside")
    assert refusal(project, "profiles/lib/secret.yaml") == away


@pytest.mark.parametrize("path", ["../outside/secret.yaml", "/etc/passwd", "a/../../x.yaml"])
def test_a_path_that_leaves_the_project_is_refused(project: Path, path: str) -> None:
    assert refusal(project, path)[0] == "outside"


def test_a_sibling_whose_name_begins_with_the_projects_is_outside(
    project: Path, tmp_path: Path
) -> None:
    write(tmp_path / "project-2/x.yaml")
    (project / "profiles/x.yaml").symlink_to("../../project-2/x.yaml")
    assert refusal(project, "profiles/x.yaml")[0] == "outside"


def test_a_link_to_an_env_file_is_refused(project: Path) -> None:
    write(project / ".env.production", "A_CLIENT_SECRET=x\n")
    (project / "profiles/leak.yaml").symlink_to("../.env.production")
    assert refusal(project, "profiles/leak.yaml") == ("outside", "it leads to something hidden")


def test_what_cannot_be_looked_into_is_told_beside_what_can(project: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside/secret.yaml")
    write(project / "profiles/a/x.yaml")
    (project / "profiles/a/lib").symlink_to(tmp_path / "outside")
    (project / "profiles/b").symlink_to("nowhere")
    (project / "profiles/c").symlink_to("a/lib")
    files, refused = WorkTree(project).listing("profiles")
    assert files == [
        "profiles/a/x.yaml",
        "profiles/base.yaml",
        "profiles/call-center/german.yml",
    ]
    assert [(path, error.reason, error.detail) for path, error in refused] == [
        ("profiles/a/lib", "outside", "it leads out of the project"),
        ("profiles/b", "unreadable", "it leads nowhere"),
        ("profiles/c", "outside", "it leads out of the project"),
    ]


def test_a_folder_that_leaves_the_project_makes_no_listing_whole(
    project: Path, tmp_path: Path
) -> None:
    write(tmp_path / "outside/secret.yaml")
    (project / "profiles/lib").symlink_to(tmp_path / "outside")
    assert refused_listing(project, "profiles") == (
        "outside",
        "`profiles/lib`: it leads out of the project",
    )
    assert refused_listing(project, "../outside")[0] == "outside"


def test_a_link_in_a_circle_is_named(project: Path) -> None:
    (project / "profiles/round").symlink_to("round")
    circle = ("unreadable", "`profiles/round`: its symlinks run in a circle")
    assert refused_listing(project, "profiles") == circle
    assert refused_listing(project, "profiles/round") == (
        "unreadable",
        "its symlinks run in a circle",
    )


def test_a_link_to_a_file_elsewhere_that_is_no_profile_does_not_matter(
    project: Path, tmp_path: Path
) -> None:
    write(tmp_path / "outside/README.md")
    (project / "profiles/README.md").symlink_to(tmp_path / "outside/README.md")
    assert len(WorkTree(project).listing("profiles").files) == 2


def test_missing_files_and_folders(project: Path) -> None:
    assert refusal(project, "profiles/none.yaml") == ("missing", "there is no such file")
    assert refusal(project, "none/x.yaml") == ("missing", "there is no such file")
    assert refusal(project, "voxmint.yaml/x.yaml")[0] == "missing"
    assert refusal(project, "a\0b.yaml") == ("missing", "no file can have this name")
    assert refusal(project, "\ud800.yaml")[0] == "missing"
    assert refused_listing(project, "none") == ("missing", "there is no such folder")
    assert refused_listing(project, "voxmint.yaml") == ("not-a-file", "it is not a folder")
    assert refused_listing(project, "a\0b")[0] == "missing"
    for long in ("a" * 300, "a/" * 3000 + "b"):
        assert refusal(project, f"{long}.yaml")[0] == "missing"
        assert refused_listing(project, long)[0] == "missing"


def open_in(folder: Path) -> int:
    """How much this process has open there: elsewhere other threads open and close as they like."""
    there = {os.path.realpath(path) for path in (folder, *folder.rglob("*"))}
    wanted = {(found.st_dev, found.st_ino) for found in map(os.stat, there)}
    count = 0
    for path in Path("/dev/fd").iterdir():
        with suppress(OSError):
            found = os.fstat(int(path.name))
            count += (found.st_dev, found.st_ino) in wanted
    return count


def test_many_files_are_read_for_one_folder_held_open(project: Path) -> None:
    write(project / "profiles/other.yaml", "a: 1\n")
    (project / "profiles/linked").symlink_to("call-center")
    paths = ["base.yaml", "other.yaml", "call-center/german.yml", "linked/german.yml", "base.yaml"]
    with WorkTree(project) as tree:
        for path in paths:
            alone = WorkTree(project).read(f"profiles/{path}", LIMIT)
            assert tree.read(f"profiles/{path}", LIMIT) == alone
            assert open_in(project) == 1
    assert open_in(project) == 0


def test_sizes_are_bounded(project: Path) -> None:
    write(project / "profiles/full.yaml", "x" * LIMIT)
    write(project / "profiles/over.yaml", "x" * (LIMIT + 1))
    assert len(WorkTree(project).read("profiles/full.yaml", LIMIT)) == LIMIT
    assert refusal(project, "profiles/over.yaml") == ("too-large", "it has more than 100 bytes")


def test_a_file_that_has_more_than_it_says_is_bounded_too() -> None:
    # Files of /proc say that they are empty.
    tree = WorkTree(Path("/proc/self"))
    assert tree.read("status", 1_000_000)
    with pytest.raises(SourceError) as error:
        tree.read("status", 10)
    assert error.value.reason == "too-large"


def test_sockets_and_devices_are_no_files(project: Path) -> None:
    make_socket(project / "profiles/talk.yaml")
    assert refusal(project, "profiles/talk.yaml") == ("not-a-file", "it is a socket")
    with pytest.raises(SourceError) as error:
        WorkTree(Path("/dev")).read("null", LIMIT)
    assert error.value.detail == "it is a device"


def test_names_that_are_not_utf8_are_listed_and_read(project: Path) -> None:
    name = os.fsdecode(b"profiles/\xff.yaml")
    write(project / name, "x\n")
    tree = WorkTree(project)
    assert name in tree.listing("profiles").files
    assert tree.read(name, LIMIT) == b"x\n"


def test_a_project_reached_through_a_link_is_the_project(project: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(project)
    tree = WorkTree(tmp_path / "alias")
    assert tree.read("profiles/base.yaml", LIMIT) == b"abstract: true\n"
    assert len(tree.listing("profiles").files) == 2


def test_what_this_user_may_not_read_is_said_and_not_passed_over() -> None:
    script = """
import sys
from pathlib import Path
from voxmint.engine.project import open_project
from voxmint.problems import UsageError
from voxmint.profiles.source import SourceError
tree = worktree.WorkTree(Path(sys.argv[1]))
for folder in ("profiles/listed", "profiles/listed/inner"):
    try:
        open_project(tree.root / folder)
    except UsageError as error:
        print(str(error).replace(str(tree.root), "project"))
for action in (
    lambda: tree.listing("profiles").whole,
    lambda: tree.listing("profiles/closed"),
    lambda: tree.listing("profiles/closed/inner"),
    lambda: tree.read("profiles/shut.yaml", 9),
):
    try:
        action()
    except SourceError as error:
        print(error.reason, error.detail, sep=": ")
"""
    with ordinary_folder() as project:
        write(project / "profiles/shut.yaml")
        (project / "profiles/shut.yaml").chmod(0)
        (project / "profiles/closed").mkdir(mode=0)
        write(project / "profiles/listed/inner/x.yaml")
        (project / "profiles/listed").chmod(0o444)
        assert run(script, project, ordinary=True) == (
            "`project/profiles/listed` cannot be entered: permission denied\n" * 2
            + "unreadable: `profiles/closed`: permission denied\n"
            + "unreadable: permission denied\n" * 3
        )
        for name in ("closed", "listed"):
            (project / "profiles" / name).chmod(0o700)
