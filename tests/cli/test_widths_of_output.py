"""Problems on terminals of several widths: nothing runs over the edge, carets stand where they do.

In a pipe a sentence stays on one line, as programs and people look for it with `grep`.
"""

import io
from pathlib import Path

import pytest

from tests.cli.running import Terminal, ran, write
from voxmint.cli.display.screen import Screen
from voxmint.cli.display.widths import folded, width

PROFILES = {
    "profiles/clinic-of-the-university-hospital.yaml": """\
session:
  input_audio_transcription: {model: gpt-transcribe, prompt: 語語語e\u0301👩🏽‍⚕️語語語, modell: x}
  "a\tb":\t1
  zzz: 1
""",
    "profiles/other.yaml": "extends: nobody-of-this-name\n",
}


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_nothing_runs_over_the_edge_of_a_terminal(sound: Path, columns: int) -> None:
    write(sound, PROFILES)
    environ = {"COLUMNS": str(columns), "NO_COLOR": "1"}
    lines = ran(sound, "validate", environ=environ, stream=Terminal).out.splitlines()[:-3]
    long = [line for line in lines if width(line) > columns and "┌" not in line]
    assert long == []
    below = [line for line in lines if set(line.lstrip(" │")) == {"^"}]
    for line in below:
        above = lines[lines.index(line) - 1]
        start = width(line[: line.index("^")])
        assert cut_at(above, start, width(line) - start) in above


def cut_at(line: str, start: int, columns: int) -> str:
    """The characters of a line that stand in these columns."""
    found = "".join(
        line[index]
        for index in range(len(line))
        if start <= width(line[:index]) < start + columns and width(line[: index + 1]) > start
    )
    assert found.strip() in {"modell", '"a    b"', "zzz", "nobody-of-this-name"}, found
    return found


def test_a_long_hint_is_folded_below_its_beginning(sound: Path) -> None:
    write(sound, {"profiles/p.yaml": "extends: base\nsession: {zzz: 1}\n"})
    found = ran(
        sound, "validate", environ={"COLUMNS": "60", "NO_COLOR": "1"}, stream=Terminal
    ).out.splitlines()
    start = next(index for index, line in enumerate(found) if line.startswith("  └ known here"))
    assert found[start + 1].startswith("    `input_audio")
    assert len(found[start]) <= 60


def test_in_a_pipe_a_sentence_stays_on_one_line(sound: Path) -> None:
    write(sound, {"profiles/p.yaml": "extends: base\nsession: {zzz: 1}\n"})
    found = ran(sound, "validate", environ={"COLUMNS": "40"}, stream=io.StringIO).out
    [hint] = [line for line in found.splitlines() if "known here" in line]
    assert hint.endswith("`include`")


def test_words_stay_whole() -> None:
    assert folded("one two three", 7) == ["one two", "three"]
    assert folded("言語 認識", 4) == ["言語", "認識"]
    assert folded("longer than that", 3) == ["longer", "than", "that"]
    assert folded("", 5) == [""]


@pytest.mark.parametrize(
    ("columns", "width"),
    [("40", 40), ("1", 20), ("0", 100), ("", 100), ("x", 100), ("-5", 100), ("9" * 5000, 100)],
)
def test_the_width_that_is_wished_for(columns: str, width: int) -> None:
    assert Screen(io.StringIO(), {"COLUMNS": columns}).width == width
