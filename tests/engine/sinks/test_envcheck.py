"""What programs make of env files, and whether the check of their lines says so."""

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tests.env_readers import MODELS, READERS, Reader
from tests.profiles.laws import law
from voxmint.engine.sinks.envcheck import bends
from voxmint.engine.sinks.envfile import merge_env

OURS = {"A_TOKEN": "ek_azAZ09-_%+,./:=@^x", "A_EXPIRES_AT": "1800000600"}


def read(reader: Reader, path: Path) -> object:
    """What a reader finds, or that it refuses the file."""
    try:
        return dict(reader(path))
    except (AssertionError, ValueError) as error:
        return f"refused: {type(error).__name__}"


def test_there_are_seventeen_readers() -> None:
    assert len(READERS) == 17


@pytest.mark.parametrize("name", READERS)
def test_each_reader_reads_the_bare_form_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_bytes(merge_env(b"# comment\n\nX=1\n", OURS))
    assert list(bends(path.read_bytes())) == []
    if name == "github":
        # It knows no comments: such a file is one that only voxmint has written.
        path.write_bytes(merge_env(b"", {"X": "1", **OURS}))
    assert READERS[name](path) == {"X": "1", **OURS}


FORMS = {
    b"\xef\xbb\xbfX=1\n": "begins with a byte order mark",
    b"X=1\r\n": "ends in a carriage return",
    b"# x\\\nX=1\n": "is a comment that ends in a backslash",
    b"export X=1\n": "begins with `export`",
    b" X=1\n": "begins with a space",
    b"X\n": "has no `=`",
    b"X: 1\n": "has `:` for `=`",
    b"X = 1\n": "has spaces round the `=`",
    b"X= 1\n": "has spaces round the `=`",
    b"x.y=1\n": "has no name that shells take",
    b"1X=1\n": "has no name that shells take",
    b"X='1'\n": "has quotes",
    b'X="1"\n': "has quotes",
    b"X=1\\2\n": "has a backslash",
    b"X=$Y\n": "has a `$`",
    b"X=1#2\n": "has a `#`",
    b"X=1 2\n": "has a space in the value",
    b"X=1&2\n": "has a sign that shells act on",
    b"text\n": "has no `=`",
    b"a text\n": "is no `KEY=value`",
}


@pytest.mark.parametrize("form", FORMS, ids=map(repr, FORMS))
def test_what_is_told_of_a_form_is_true_of_some_reader(form: bytes, tmp_path: Path) -> None:
    first, *_ = bends(form)
    assert (first.line, first.found) == (1, FORMS[form])
    path = tmp_path / "env"
    path.write_bytes(form)
    # Those first that start no process: mostly they disagree among themselves.
    cheap = [one for name, one in MODELS.items() if name != "github" or form[:1] != b"#"]
    others = [one for name, one in READERS.items() if name not in MODELS]
    first_found = read(cheap[0], path)
    assert any(read(one, path) != first_found for one in (*cheap, *others))


def test_a_variable_that_stands_twice_is_told_at_both_lines() -> None:
    assert [(one.line, one.name, one.found) for one in bends(b"X=1\nY=2\nX=3\n")] == [
        (1, "X", "sets a variable that stands there twice"),
        (3, "X", "sets a variable that stands there twice"),
    ]


PARTS = st.sampled_from(
    [
        *("A", "X_1", "x", "=", "==", " ", "\t", "#", "'", '"', "`", "$", "\\", ":", ": "),
        *("1", "az", "%+,./@^-", "export ", "\r", "\ufeff", "é", "&", ";", "~", "*", "(", "[", "!"),
    ]
)
FILES = st.lists(st.lists(PARTS, max_size=5).map("".join), max_size=5).map("\n".join)


@law(600)
@given(FILES)
def test_a_file_of_which_nothing_is_told_is_read_alike(text: str) -> None:
    import tempfile

    if list(bends(text.encode())):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "env"
        path.write_bytes(text.encode())
        found = {
            name: read(reader, path)
            for name, reader in {**MODELS, "python-dotenv": READERS["python-dotenv"]}.items()
            # Comments and lines of spaces are refused by GitHub, whose file is another one.
            if name != "github" or all(re.match(r"[A-Z_]|\Z", line) for line in text.split("\n"))
        }
    assert all(one == found["docker"] for one in found.values()), found
    assert isinstance(found["docker"], dict)


@law(300)
@given(st.lists(st.sampled_from(list(FORMS)), max_size=4).map(b"".join))
def test_our_lines_are_always_bare(existing: bytes) -> None:
    merged = merge_env(existing, OURS)
    assert [one for one in bends(merged) if one.name in OURS] == []


@pytest.mark.parametrize("name", ["bash", "sh", "make", "systemd", "docker"])
def test_a_line_above_that_goes_on_does_not_swallow_ours(name: str, tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_bytes(merge_env(b"# a comment\\\n", OURS))
    assert {key: READERS[name](path)[key] for key in OURS} == OURS
