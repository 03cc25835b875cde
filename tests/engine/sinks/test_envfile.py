"""The pure core of the dotenv sink: what a file sets, and the same file with some of it changed."""

import subprocess
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given, settings, strategies as st

from voxmint.engine.sinks.envfile import (
    entries,
    flaws_in,
    merge_env,
    names_held,
    names_in,
)

OURS = {"A_TOKEN": "ek_1", "A_EXPIRES_AT": "1600"}


@pytest.mark.parametrize(
    ("existing", "merged"),
    [
        (b"", b"A=1\n"),
        (b"X=1\n", b"X=1\nA=1\n"),
        (b"A=0\nX=1\n", b"A=1\nX=1\n"),
        (b"X=1\nA=0\nY=2\nA=3\n", b"X=1\nA=1\nY=2\n"),
        # written in other ways, it is the same variable
        (b"export A=0\n", b"A=1\n"),
        (b"export A\n", b"A=1\n"),
        (b"A\n", b"A=1\n"),
        (b"  A = 0\n", b"A=1\n"),
        (b"A: 0\n", b"A=1\n"),
        (b'A="0"\n', b"A=1\n"),
        (b"A='0' # x\n", b"A=1\n"),
        (b"A=0\r\nX=1\r\n", b"A=1\nX=1\r\n"),
        (b"\xef\xbb\xbfA=0\n", b"A=1\n"),
        (b'A="0\nX=1"\nY=2\n', b"A=1\nY=2\n"),
        # no variable of ours
        (b"# A=0\n", b"# A=0\nA=1\n"),
        (b"AA=0\nA.B=0\nA-B=0\n", b"AA=0\nA.B=0\nA-B=0\nA=1\n"),
        (b'X="\nA=0\n"\n', b'X="\nA=0\n"\nA=1\n'),
        (b"X='\nA=0\n'\nA=0\n", b"X='\nA=0\n'\nA=1\n"),
        (b"X=it's\nA=0\n", b"X=it's\nA=1\n"),
        (b'X="a\\"b\nA=0"\n', b'X="a\\"b\nA=0"\nA=1\n'),
        # kept as it is
        (b"\xff\xfe\x80 what\n", b"\xff\xfe\x80 what\nA=1\n"),
        (b"\xef\xbb\xbfX=1\n", b"\xef\xbb\xbfX=1\nA=1\n"),
        (b"\n\n  \n", b"\n\n  \nA=1\n"),
        (b"export X='1'\r\n\t# y", b"export X='1'\r\n\t# y\nA=1\n"),
        (b"A=0\nX=1", b"A=1\nX=1"),
        (b"X=1", b"X=1\nA=1\n"),
        # a shell would join the next line to this one
        (b"X=1\\\n", b"X=1\\\n\nA=1\n"),
        (b"X=1\\", b"X=1\\\n\nA=1\n"),
        (b"X=1\\\nA=0\n", b"X=1\\\n\nA=1\n"),
        (b"X=1\\\\\n", b"X=1\\\\\nA=1\n"),
        (b"# x\\\n", b"# x\\\n\nA=1\n"),
    ],
)
def test_a_variable_is_set_where_it_stands_or_at_the_end(existing: bytes, merged: bytes) -> None:
    assert merge_env(existing, {"A": "1"}) == merged
    assert merge_env(merged, {"A": "1"}) == merged
    assert "A" in names_in(merged)


def test_new_variables_come_in_the_order_given() -> None:
    assert merge_env(b"C=0\n", {"B": "1", "C": "2", "A": "3"}) == b"C=2\nB=1\nA=3\n"


def test_removed_variables_leave_no_line() -> None:
    existing = b'X=1\nA="1\n2"\n# A=1\nexport B=2\nA\nY=2'
    assert merge_env(existing, {}, {"A", "B", "C"}) == b"X=1\n# A=1\nY=2"
    assert merge_env(b"A=1\n", {}, {"A"}) == b""


def test_what_is_set_counts_more_than_what_is_removed() -> None:
    assert merge_env(b"A=0\n", {"A": "1"}, {"A"}) == b"A=1\n"


def test_the_names_of_a_file() -> None:
    text = b'A=1\nexport B="2\nNOT=3"\n# C=3\nD\nexport E\nF: 4\n\xff=5\nG=\n'
    assert names_in(text) == {"A", "B", "F", "G"}


@pytest.mark.parametrize(
    ("existing", "flaws"),
    [
        (b'X="1"\n', []),
        (b"X=it's\n", []),
        (b"\nX='1\nY=2\n", [(2, "opens a quote that is never closed")]),
        (b'X="\n"\nY="\\"\n', [(3, "opens a quote that is never closed")]),
        (b"X=`date\n", [(1, "opens a quote that is never closed")]),
        (b"X=1\nY=\0\n", [(2, "holds a NUL byte")]),
        ("X=1\n".encode("utf-16"), [(1, "holds a NUL byte")]),
    ],
)
def test_flaws_are_found_with_their_line(existing: bytes, flaws: list[tuple[int, str]]) -> None:
    assert list(flaws_in(existing)) == flaws


LINES = st.sampled_from(
    [
        *(b"X=1", b"export Y='a b'", b"# A_TOKEN=no", b"", b"  ", b"A_TOKEN=old", b"\xff\x80"),
        *(b'A_EXPIRES_AT="9"', b"export A_TOKEN=old", b"Z='a\nA_TOKEN=inside\n'", b"A_TOKEN"),
        *(b"\tA_EXPIRES_AT = 3", b"X=it's", b'W="a\\"b"', b"V=1\\\\", b"X\r", b"A_TOKENS=1"),
    ]
)
FILES = st.builds(
    lambda lines, ending, last: ending.join(lines) + last,
    st.lists(LINES, max_size=12),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
ANYTHING = st.one_of(FILES, st.binary(max_size=60), st.text("A_TOKEN=\n\r\"'\\# ").map(str.encode))


def foreign(existing: bytes) -> list[bytes]:
    return [entry.raw for entry in entries(existing) if entry.name not in OURS]


@given(ANYTHING)
def test_a_file_is_the_sum_of_its_entries(existing: bytes) -> None:
    assert b"".join(entry.raw for entry in entries(existing)) == existing


@given(ANYTHING, st.sampled_from([{}, OURS]))
def test_foreign_lines_survive_byte_for_byte(existing: bytes, ours: Mapping[str, str]) -> None:
    merged = merge_env(existing, ours, OURS.keys())
    left = iter(foreign(merged))
    # In their order; an empty line or a last line's end may be added for what follows.
    assert all(any(raw in (kept, kept.rstrip(b"\n")) for kept in left) for raw in foreign(existing))


@given(ANYTHING)
def test_merging_again_changes_nothing(existing: bytes) -> None:
    merged = merge_env(existing, OURS)
    assert merge_env(merged, OURS) == merged


@given(ANYTHING)
def test_each_variable_stands_once_in_bare_form(existing: bytes) -> None:
    merged = merge_env(existing, OURS)
    own = sorted(entry.raw for entry in entries(merged) if entry.name in OURS)
    assert own == [b"A_EXPIRES_AT=1600\n", b"A_TOKEN=ek_1\n"]
    assert names_in(merge_env(merged, {}, OURS.keys())).isdisjoint(OURS)


@given(FILES)
def test_python_dotenv_reads_the_values_back(existing: bytes) -> None:
    text = merge_env(existing, OURS).decode("utf-8", "replace")
    read = dotenv_values(stream=StringIO(text, newline=""), interpolate=False)
    assert {name: read[name] for name in OURS} == OURS


WELL_FORMED = st.lists(
    st.sampled_from(
        ["X=1", "export Y='a b'", "# A_TOKEN=no", "", "A_TOKEN=old", 'A_EXPIRES_AT="9"', 'Z="a\nb"']
    ),
    max_size=8,
).map(lambda lines: "\n".join(lines).encode())


@settings(max_examples=15, deadline=None)
@given(WELL_FORMED)
def test_shells_read_the_values_back(existing: bytes) -> None:
    script = 'set -a; . /dev/stdin; printf "%s %s" "$A_TOKEN" "$A_EXPIRES_AT"'
    for shell in ("bash", "sh"):
        done = subprocess.run(
            [shell, "-c", script],
            input=merge_env(existing, OURS),
            env={},
            capture_output=True,
            check=True,
        )
        assert (done.stdout, done.stderr) == (b"ek_1 1600", b"")


def test_every_plain_character_is_read_back_by_all(tmp_path: Path) -> None:
    import shutil

    plain = "azAZ09_%+,./:=@^-"
    path = tmp_path / "env"
    path.write_bytes(merge_env(b"X='1'\n", {"A": plain, "B": ""}))
    assert dotenv_values(path) == {"X": "1", "A": plain, "B": ""}
    lines = dict(line.split("=", 1) for line in path.read_text().splitlines())
    assert lines["A"] == plain
    shown = subprocess.run(
        ["bash", "-c", f'set -a; . {path}; printf %s "$A"'],
        capture_output=True,
        check=True,
        text=True,
    )
    assert shown.stdout == plain
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = "process.stdout.write(process.env.A)"
    command = [node, f"--env-file={path}", "-e", script]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == plain


def test_what_is_empty_or_stands_twice_is_not_held() -> None:
    assert names_held(b"A=1\nB=\nC=x\nC=y\nD=''\n# E=1\nexport F=2\n") == {"A", "F"}
