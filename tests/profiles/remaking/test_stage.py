"""What of an earlier state is taken up, what is made anew, and what is compiled in full."""

from collections.abc import Mapping

import pytest

from tests.sources import Content, project
from voxmint.profiles.compiled import Compilation, Deferred
from voxmint.profiles.pipeline import compile_both, compile_project

NESTED = "provider: {kind: emulator, api: client_secrets}\n"
ENVIRONMENTS = {"local": NESTED, "far": f"{NESTED}vars: {{region: eu}}\n"}
BASE = """\
abstract: true
labels: {tier: gold}
session:
  input_audio_transcription: {model: gpt-transcribe, prompt: "In {{ vars.room }}."}
  turn_detection: {type: server_vad, threshold: 0.5}
  include: {$append: [item.input_audio_transcription.logprobs]}
expires_after: {seconds: 600}
"""
P = "extends: base\nvars: {room: seven}\nsession: {turn_detection: {silence_duration_ms: 300}}\n"
Q = "session: {input_audio_transcription: {model: gpt-transcribe}}\n"
FILES: dict[str, Content] = {"base": BASE, "p": P, "q": Q}


def both(
    *edits: tuple[str, str], files: Mapping[str, Content] = FILES
) -> tuple[Compilation, Compilation]:
    """The project, and what it is after edits of the base."""
    text = str(files["base"])
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    head = project({**files, "base": text}, ENVIRONMENTS)
    states = compile_both(project(files, ENVIRONMENTS), head)
    alone = compile_project(head)
    assert states[1].problems == alone.problems
    made, wanted = ([one.body for one in state.bodies.values()] for state in (states[1], alone))
    assert made == wanted
    return states


def how(base: Compilation, head: Compilation, profile: str = "p") -> str:
    """How a body of the head was made."""
    one, other = base.bodies[profile, "far"], head.bodies[profile, "far"]
    if one is other:
        return "the same"
    if not isinstance(other.merged, Deferred):
        return "in full"
    return "moved" if one.body is other.body else "in parts"


def test_what_no_edit_reaches_is_the_same_body() -> None:
    base, head = both(("threshold: 0.5", "threshold: 0.6"))
    assert how(base, head, "q") == "the same"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("threshold: 0.5", "threshold: 0.6"),
        ("threshold: 0.5", "threshold: 0.5, prefix_padding_ms: 20"),
        ("seconds: 600", "seconds: 60"),
        ("expires_after: {seconds: 600}\n", ""),
        ("session:\n", "session:\n  input_audio_noise_reduction: {type: near_field}\n"),
        ("$append: [item", "$remove: [item"),  # a directive without effect, which is told
        ("session:\n", "session:\n  modalities: [text]\n"),
    ],
)
def test_a_value_in_a_base_makes_one_part_anew(before: str, after: str) -> None:
    base, head = both((before, after))
    expected = "in full" if "modalities" in after else "in parts"  # of which there is a warning
    assert how(base, head) == expected


@pytest.mark.parametrize("before", ["threshold: 0.5", "labels: {tier: gold}"])
def test_an_edit_that_says_the_same_moves_a_body(before: str) -> None:
    base, head = both((before, before.replace(": ", ":   ")), ("abstract", "# first\nabstract"))
    assert how(base, head) == "moved"
    cell = head.bodies["p", "far"].cell("turn_detection.threshold")
    assert cell is not None
    assert cell.layer is head.bodies["p", "far"].layers[0]
    assert cell.mark[0] == 6


def test_what_is_shadowed_changes_no_body() -> None:
    shadowed = {**FILES, "p": P.replace("{silence", "{threshold: 0.9, silence")}
    base, head = both(("threshold: 0.5", "threshold: 0.6"), files=shadowed)
    assert how(base, head) == "moved"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("In {{ vars.room }}.", "{{ 'At' if vars.room }}."),
        ("In {{ vars.room }}.", "At {{ vars.house }}."),
        ("tier: gold", "tier: silver"),
        ("threshold: 0.5", "threshold: 7"),
        ("server_vad", "semantic_vad"),
        ("session:\n", "session:\n  turn_dectection: null\n"),
    ],
)
def test_what_is_in_doubt_is_compiled_in_full(before: str, after: str) -> None:
    base, head = both((before, after))
    if ("p", "far") in head.bodies:
        assert how(base, head) == "in full"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("In {{ vars.room }}.", "At {{ vars.room }}.", "in parts"),
        ("In {{ vars.room }}.", "In {{ profile.name }}, {{ env.name }}.", "in parts"),
        ("In {{ vars.room }}.", "In a room.", "in parts"),
        ("abstract: true\n", "abstract: true\nvars: {house: north}\n", "moved"),
    ],
)
def test_a_template_in_a_base_is_rendered_anew_by_itself(
    before: str, after: str, expected: str
) -> None:
    base, head = both((before, after))
    assert how(base, head) == expected


def test_a_var_in_a_base_renders_anew_what_uses_it_through_others() -> None:
    house = "vars: {house: north, place: '{{ vars.house }} wing'}\n"
    base_text = BASE.replace("In {{ vars.room }}.", "In the {{ vars.place }}.")
    prompt = "{{ super() }} More."
    transcription = f"session: {{input_audio_transcription: {{prompt: '{prompt}'}}}}\n"
    files = {"base": house + base_text, "p": f"extends: base\n{transcription}", "q": Q}
    base, head = both(("house: north", "house: south"), files=files)
    assert (how(base, head), how(base, head, "q")) == ("in parts", "the same")
    made = head.bodies["p", "far"].session["input_audio_transcription"]["prompt"]
    assert made == "In the south wing. More."


def test_a_body_of_many_templates_is_compiled_in_full() -> None:
    # Their work is bounded all together, so that none of them can be rendered by itself.
    many = "vars:\n" + "".join(f"  v{n}: '{{{{ vars.room }}}}'\n" for n in range(21))
    base, head = both(("In {{", "At {{"), files={**FILES, "base": many + BASE})
    assert how(base, head) == "in full"


def test_what_falls_away_now_is_told() -> None:
    detection = "session: {turn_detection: {type: semantic_vad, eagerness: low}}\n"
    plain = BASE.replace(", threshold: 0.5", "")
    files = {**FILES, "base": plain, "p": f"extends: base\nvars: {{room: seven}}\n{detection}"}
    base, head = both(("server_vad", "server_vad, threshold: 0.5"), files=files)
    assert how(base, head) == "in full"
    assert [one.code for one in head.problems].count("fell-away") == 1


def test_what_was_found_before_is_found_at_its_new_place() -> None:
    old = {**FILES, "base": BASE.replace("gpt-transcribe", "gpt-4o-transcribe")}
    base, head = both(("abstract", "# first\nabstract"), ("0.5", "0.6"), files=old)
    assert how(base, head) == "in parts"
    [was] = [one for one in base.problems if one.code == "model-ends"]
    [now] = [one for one in head.problems if one.code == "model-ends"]
    assert [one.at and one.at.line for one in (was, now)] == [4, 5]
    assert was.affects == now.affects == (("p", "far"), ("p", "local"))


def test_what_was_found_in_a_value_is_looked_for_anew_where_it_changes() -> None:
    negative = BASE.replace("threshold: 0.5", "silence_duration_ms: -5")
    files = {**FILES, "base": negative, "p": "extends: base\nvars: {room: seven}\n"}
    base, head = both(("-5", "-6"), files=files)
    assert how(base, head) == "in full"
    assert [one.code for one in head.problems].count("negative-duration") == 1


def test_a_directive_that_has_lost_all_its_effect_is_told() -> None:
    # The list of `p` was all that it changed anything in, and `p` is gone.
    remove = "session: {include: {$remove: [item.input_audio_transcription.logprobs]}}\n"
    environments = {"far": NESTED + f"overlay:\n  - {remove}"}
    files = {"base": BASE, "p": P, "q": Q + "  "}
    sources = [
        project(one, environments)
        for one in (files, {name: text for name, text in files.items() if name != "p"})
    ]
    base, head = compile_both(sources[0], sources[1])
    assert head.problems == compile_project(sources[1]).problems
    code = "directive-without-effect"
    assert [one.code for one in base.problems].count(code) == 0
    assert any(one.code.startswith("directive-") for one in head.problems)
    assert how(base, head, "q") == "the same"


def test_a_key_beside_what_was_found_before_makes_one_part_anew() -> None:
    files = {**FILES, "base": BASE.replace("gpt-transcribe", "gpt-4o-transcribe")}
    for before, after in ((", threshold: 0.5", ""), ("0.5}", "0.5, prefix_padding_ms: 300}")):
        base, head = both((before, after), files=files)
        assert {problem.kind.code for problem in head.problems} >= {"model-ends"}
        assert how(base, head) == "in parts"


@pytest.mark.parametrize("own", ["{{ super() }} Ward.", "{{super()}}{{ vars.room }}{{ super() }}"])
def test_what_a_template_puts_after_the_weaker_one_stays(own: str) -> None:
    p = f"{P[:-2]}, input_audio_transcription: {{prompt: '{own}'}}}}\n"
    files = {**FILES, "base": BASE.replace("In {{ vars.room }}.", "In a room."), "p": p}
    base, head = both(("In a room.", "At home."), files=files)
    assert how(base, head) == "in parts"
    made = head.bodies["p", "far"].session["input_audio_transcription"]["prompt"]
    assert made == own.replace("{{ super() }}", "At home.").replace(
        "{{super()}}", "At home."
    ).replace("{{ vars.room }}", "seven")
