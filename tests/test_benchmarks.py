"""The benchmarks measure what they say; none of this asserts a time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import diffing, fleet, others, tables
from benchmarks.figures import Claim, Comparison, Counted, MemoryEach, MemoryPeak, MemoryRatio
from benchmarks.measure import Run, check_same, in_turn, inside, peak, process, repeated, together
from benchmarks.plain.composing import compose
from benchmarks.suites import CLAIMS
from voxmint.engine.comparing import compare_states
from voxmint.engine.project import open_project
from voxmint.engine.states import find_states
from voxmint.engine.worktree import WorkTree
from voxmint.profiles.order import EVERYTHING

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/speed.md").read_text(encoding="utf-8")


def first_table() -> list[str]:
    """The first cells of the page's table of figures."""
    begin, end = tables.MARKS
    figures = PAGE.split(begin)[1].split(end)[0]
    lines = figures.split("\n| --- ")[1].split("\n\n")[0].splitlines()[1:]
    return [line.split(" | ")[0].removeprefix("| ") for line in lines]


def test_the_page_has_a_row_for_each_thing_that_is_measured() -> None:
    assert first_table() == [claim.name for claim in CLAIMS]


def test_names_are_not_taken_twice() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").iterdir()))
def test_the_plain_composer_makes_the_bodies_of_the_compiler(example: str) -> None:
    compared(ROOT / "examples" / example)


def test_the_plain_composer_makes_the_bodies_of_the_fleet(tmp_path: Path) -> None:
    assert compared(fleet.write(tmp_path, fleet.files(range(12)))) == 36


LAWS = {
    "voxmint.yaml": "version: 1\n",
    "environments/base.yaml": "abstract: true\nprovider: {kind: emulator, api: client_secrets}\n",
    "environments/live.yaml": """\
extends: base
profiles: ["*", "!other"]
overlay:
  - where: {labels: {tier: gold}, names: ["a*"]}
    session: {input_audio_transcription: {prompt: "{{ super() }} Overlaid."}}
""",
    "profiles/one.yaml": """\
abstract: true
labels: {tier: gold}
vars: {word: "{{ vars.other }}", other: "{{ profile.name }} in {{ env.name }}"}
session:
  input_audio_format: pcm16
  input_audio_transcription: {model: gpt-4o-transcribe, prompt: "One, {{ vars.word }}."}
  turn_detection: {type: server_vad, threshold: 0.5, silence_duration_ms: 200}
  include: [item.input_audio_transcription.logprobs]
""",
    "profiles/two.yaml": """\
abstract: true
extends: one
session:
  turn_detection: {type: semantic_vad, eagerness: low}
  include: {$remove: [item.input_audio_transcription.logprobs]}
  input_audio_noise_reduction: {$replace: {type: far_field}}
""",
    "profiles/three.yaml": """\
abstract: true
extends: one
session:
  input_audio_transcription: {prompt: "{{ super() | upper }} Three."}
  turn_detection: null
""",
    "profiles/a.yaml": """\
extends: [two, three]
session: {turn_detection: {$unset: true}, include: {$append: []}}
environments:
  live: {session: {include: {$prepend: [item.input_audio_transcription.logprobs]}}}
""",
    "profiles/b.yaml": "extends: [three, two]\nlabels: {tier: silver}\n",
    "profiles/c.yaml": "extends: two\nsession: {turn_detection: {type: server_vad}}\n",
    "profiles/other.yaml": "extends: one\n",
}


def test_the_plain_composer_keeps_the_laws_of_the_merge(tmp_path: Path) -> None:
    assert compared(fleet.write(tmp_path, LAWS.items())) == 3


def compared(folder: Path) -> int:
    """How many bodies the compiler and the plain composer made, all of them equal."""
    compilation = open_project(folder).compile_all()
    assert compilation.errors == ()
    ours = {name: one.body for name, one in compilation.bodies.items()}
    assert {name: one.body for name, one in compose(WorkTree(folder)).items()} == ours
    return len(ours)


def test_a_review_of_the_fleet_is_of_every_body_or_of_none(tmp_path: Path) -> None:
    home = diffing.write(tmp_path, 12)
    for base, head, changed in (
        (diffing.BASE, diffing.CHANGED, 36),
        (diffing.CHANGED, diffing.ELSEWHERE, 0),
    ):
        asked = find_states([base, head], None, home, os.environ)
        comparison = compare_states(asked, EVERYTHING)
        assert len(comparison.difference.changed) == changed
        assert comparison.is_same == (changed == 0)


def test_the_command_is_named_that_installs_the_other_tools() -> None:
    said = others.lacking({"OmegaConf": "2.3.1"})
    assert "needs Hydra:" in said
    assert "pip install -c constraints.txt -e '.[bench]'" in said
    assert others.lacking(dict.fromkeys(others.TOOLS, "1")) == ""


# ── measuring ────────────────────────────────────────────────────────────────────────────────────


def test_runs_that_make_the_same_are_taken() -> None:
    many = Run(1, 1, results={"a in x": "1", "b in x": "2"})
    check_same([many, Run(1, 1, results={"b in x": "2"})])


@pytest.mark.parametrize("results", [{}, {"a in x": "2"}, {"b in x": "1"}])
def test_runs_that_make_something_else_end_the_program(results: dict[str, str]) -> None:
    runs = [Run(1, 1, results={"a in x": "1"}), Run(1, 1, results=results)]
    with pytest.raises(SystemExit):
        check_same(runs)


def test_runs_are_taken_in_turn_and_the_first_ones_do_not_count() -> None:
    taken: list[str] = []

    def run(name: str) -> Run:
        taken.append(name)
        return Run(len(taken), 1)

    runs = in_turn([lambda: run("floor"), lambda: run("subject")], 2)
    assert taken == ["floor", "subject"] * 3
    assert [[one.seconds for one in each] for each in runs] == [[3, 5], [4, 6]]


def test_only_what_waits_is_timed_by_the_clock() -> None:
    nothing = (sys.executable, "-c", "")
    waiting, working = process(nothing, waits=True)(), process(nothing)()
    assert waiting.seconds == waiting.elapsed > 0
    assert 0 < working.seconds != working.elapsed > 0
    both = together(lambda: Run(1, 5, elapsed=2), lambda: Run(3, 4, elapsed=6))()
    assert (both.seconds, both.elapsed, both.memory) == (4, 8, 5)


def test_several_runs_in_a_row_count_as_one_that_makes_as_much() -> None:
    found = repeated(lambda: Run(2, 5, grown=3, units=4, results={"a": "1"}, elapsed=3), 10)()
    assert found == Run(20, 5, grown=3, units=40, results={"a": "1"}, elapsed=30)
    assert found.seconds_each == 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="only there the system says it of the program")
def test_the_peak_of_a_program_is_not_that_of_the_process_that_started_it() -> None:
    held = bytearray(b"x" * 100_000_000)
    said = "from benchmarks.measure import peak; print(peak())"
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < len(held) < peak()


def test_what_a_script_tells_of_itself_is_timed_in_the_same_way() -> None:
    once = ("ideal_mint", "1", "1", "0")
    waiting, working = inside(*once, waits=True)(), inside(*once)()
    assert waiting.seconds == waiting.elapsed > 0
    assert 0 < working.seconds != working.elapsed > 0


def test_what_is_measured_keeps_its_bytecode() -> None:
    asked = "import sys; sys.exit(sys.dont_write_bytecode)"
    measured = f"from benchmarks.measure import process; process({(sys.executable, '-c', asked)})()"
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", measured], cwd=ROOT, env=environ, check=True)


RATIO = Claim("a job", "another", aim=2.0)
FACTOR = Claim("a tool", "voxmint", aim=40, at_least=True)
MEMORY = Claim("memory", "before", aim=16, unit="kB")


def test_a_ratio_is_of_the_shortest_runs_and_of_one_thing_made() -> None:
    subject = (Run(8, 1, units=2), Run(6, 1, units=2))
    floor = (Run(1, 1), Run(2, 1))
    one = Comparison(RATIO, subject, floor)
    assert (one.value, one.median, one.noise) == (3.0, 2.75, 0.5)
    assert one.to_json()["is_met"] is False


def test_memory_is_the_most_that_one_thing_took() -> None:
    one = MemoryEach(MEMORY, (Run(1, 9_000_000, 32_000, 2), Run(1, 1, 30_000, 2)))
    assert one.value == 16.0
    assert one.to_json()["is_met"] is True


def test_memory_beside_memory_is_of_the_highest_peaks() -> None:
    one = MemoryRatio(RATIO, (Run(1, 30), Run(1, 10)), (Run(1, 12), Run(1, 15)))
    assert one.value == 2.0
    assert one.to_json()["floor_peak_bytes"] == 15


def test_a_peak_is_the_highest_of_all_runs() -> None:
    claim = Claim("memory", "nothing", aim=100.0, unit="MB")
    one = MemoryPeak(claim, (Run(1, 83_000_000), Run(1, 99_500_000)))
    assert (one.value, one.to_json()["is_met"]) == (99.5, True)
    assert "99.5 MB" in tables.row(one)


def test_a_share_of_what_was_counted() -> None:
    claim = Claim("rate", "the limit", aim=95.0, unit="%", at_least=True)
    one = Counted(claim, (Run(30, 1),), count=350, whole=400)
    assert (one.value, one.to_json()["is_met"], one.to_json()["of"]) == (87.5, False, 400)
    assert "| rate | the limit | 87.5 % (missed) | ≥ 95.0 % |" in tables.markdown([one])


def test_a_fleet_can_be_told_of_the_services_limit(tmp_path: Path) -> None:
    home = fleet.write(tmp_path, fleet.files(range(1), ["local"], concurrency=9, limit=(600, 50)))
    settings = open_project(home).compile_all().environments["local"].mint
    assert settings is not None
    assert (settings.concurrency, settings.requests_per_minute, settings.burst) == (9, 600, 50)


def test_an_aim_is_a_most_or_a_least() -> None:
    assert (RATIO.shown_aim, FACTOR.shown_aim, MEMORY.shown_aim) == ("≤ 2.00", "≥ 40", "≤ 16.0 kB")
    assert [RATIO.is_met_by(value) for value in (1.9, 2.1)] == [True, False]
    assert [FACTOR.is_met_by(value) for value in (39, 41)] == [False, True]


def test_a_missed_aim_is_shown() -> None:
    missed = Comparison(RATIO, (Run(3, 1),), (Run(1, 1),))
    met = Comparison(RATIO, (Run(2, 1),), (Run(1, 1),))
    assert "missed" in tables.row(missed)
    assert "3.00 (missed)" in tables.markdown([missed])
    assert "missed" not in tables.row(met) + tables.markdown([met])


def test_tables_take_the_place_of_those_on_the_page() -> None:
    begin, end = tables.MARKS
    page = f"before\n{begin}\n\nold\n\n{end}\nafter\n"
    assert tables.put_into(page, "new\n") == f"before\n{begin}\n\nnew\n\n{end}\nafter\n"
    assert tables.put_into(PAGE, "new\n").count("new") == PAGE.count("new") + 1
    with pytest.raises(ValueError, match=re.escape(begin)):
        tables.put_into("a page without them\n", "new\n")
