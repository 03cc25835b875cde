"""Of several edits of `extends` in one lineage, only those that make a change are its causes."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, strategies as st

from tests.profiles.diff.projects import compared, difference
from tests.profiles.laws import law
from tests.sources import project
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.result import ABSENT, CauseKind, Difference
from voxmint.profiles.pipeline import compile_project

MODEL = "session: {input_audio_transcription: {model: gpt-4o-transcribe}}\n"
QUIET = "abstract: true\nsession: {turn_detection: {type: server_vad, threshold: 0.7}}\n"
FAR = "abstract: true\nsession: {input_audio_noise_reduction: {type: far_field}}\n"
BODY = (("p", "local"),)


def causes(found: Difference, path: str) -> list[str]:
    """The files that a change of this value is led back to."""
    groups = [group for group in found.groups if group.change.path == path]
    assert all(group.bodies == BODY for group in groups)
    return [group.cause.at.file for group in groups]


def test_an_extends_that_brings_nothing_there_is_no_cause() -> None:
    bases = {"root": f"abstract: true\n{MODEL}", "quiet": QUIET, "far": FAR}
    found = difference(
        {**bases, "mid": "abstract: true\nextends: root\n", "p": "extends: mid\n"},
        {
            **bases,
            "mid": "abstract: true\nextends: [root, quiet]\n",
            "p": "extends: [mid, far]\n",
        },
    )
    assert causes(found, "turn_detection") == ["profiles/mid.yaml"]
    assert causes(found, "input_audio_noise_reduction") == ["profiles/p.yaml"]


def test_two_that_bring_the_same_base_are_both_told() -> None:
    bases = {"root": f"abstract: true\n{MODEL}", "quiet": QUIET}
    found = difference(
        {**bases, "mid": "abstract: true\nextends: root\n", "p": "extends: mid\n"},
        {
            **bases,
            "mid": "abstract: true\nextends: [root, quiet]\n",
            "p": "extends: [quiet, mid]\n",
        },
    )
    assert causes(found, "turn_detection") == ["profiles/mid.yaml", "profiles/p.yaml"]
    assert len(found.groups[0].others) == 1


def test_only_what_changed_the_order_is_the_cause_of_it() -> None:
    bases = {
        "root": f"abstract: true\n{MODEL}",
        "quiet": QUIET,
        "loud": QUIET.replace("0.7", "0.9"),
        "far": FAR,
    }
    found = difference(
        {
            **bases,
            "mid": "abstract: true\nextends: [root, quiet, loud]\n",
            "p": "extends: mid\n",
        },
        {
            **bases,
            "mid": "abstract: true\nextends: [root, loud, quiet]\n",
            "p": "extends: [mid, far]\n",
        },
    )
    assert causes(found, "turn_detection.threshold") == ["profiles/mid.yaml"]


@pytest.mark.parametrize("setting", ["kind: emulator", "kind: emulator, project: proj_1"])
def test_an_extends_is_no_cause_of_a_setting_that_its_base_does_not_set(setting: str) -> None:
    profiles = {"p": MODEL}
    base = "abstract: true\nmint: {concurrency: 2}\n"
    found = difference(
        profiles,
        profiles,
        {"base": base, "local": f"provider: {{{setting}}}\n"},
        {"base": base, "local": "extends: base\nprovider: {kind: emulator, project: proj_2}\n"},
    )
    kinds = [group.cause.kind for group in found.groups]
    assert kinds == [CauseKind.SETTING]
    assert causes(found, "provider.project") == ["environments/local.yaml"]


def test_an_extends_that_brings_a_setting_is_its_cause() -> None:
    profiles = {"p": MODEL}
    base = "abstract: true\nprovider: {project: proj_2}\n"
    local = "provider: {kind: emulator}\n"
    found = difference(
        profiles,
        profiles,
        {"base": base, "local": local},
        {"base": base, "local": f"extends: base\n{local}"},
    )
    assert [group.cause.kind for group in found.groups] == [CauseKind.EXTENDS]


# ── a law ────────────────────────────────────────────────────────────────────────────────────────

LEAVES = {"quiet": QUIET, "loud": QUIET.replace("0.7", "0.9"), "far": FAR}
EXTENDED = st.lists(st.sampled_from(sorted(LEAVES)), max_size=2, unique=True)
Family = Mapping[str, Sequence[str]]
FAMILIES = st.fixed_dictionaries(dict.fromkeys(("mid", "p"), EXTENDED))
WEAKER = {"mid": "root", "p": "mid"}


def compiled(family: Family) -> Compilation:
    """A profile and its base, each of which extends these leaves besides."""
    profiles = {"root": f"abstract: true\n{MODEL}", **LEAVES}
    for name, leaves in family.items():
        more = "" if name == "p" else "abstract: true\n"
        profiles[name] = f"{more}extends: [{', '.join((WEAKER[name], *leaves))}]\n"
    return compile_project(project(profiles))


@law(100)
@given(FAMILIES, FAMILIES)
def test_without_its_cause_a_value_is_another_unless_each_of_two_suffices(
    one: Family, other: Family
) -> None:
    base, head = compiled(one), compiled(other)
    found = compared(base, head)
    for group in found.groups:
        name = group.cause.at.file.removeprefix("profiles/").removesuffix(".yaml")
        without, alone = compiled({**other, name: one[name]}), compiled({**one, name: other[name]})
        path = group.change.path
        is_needed = value(without, path) != value(head, path)
        assert is_needed or (value(alone, path) != value(base, path) and group.others)


def value(state: Compilation, path: str) -> object:
    """What the body has at a path; the state itself, like no other, where there is no body."""
    found: object = state
    if BODY[0] in state.bodies:
        found = state.bodies[BODY[0]].session
        for part in path.split("."):
            found = found.get(part, ABSENT) if isinstance(found, Mapping) else ABSENT
    return found
