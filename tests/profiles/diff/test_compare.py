"""What a comparison finds, cause by cause."""

from collections.abc import Mapping

import pytest

from tests.profiles.diff.projects import change, compared, difference, only
from tests.sources import LOCAL, Content, project
from voxmint.profiles.diff.compare import compare
from voxmint.profiles.diff.fates import Compared
from voxmint.profiles.diff.result import ABSENT, CauseKind, Change, Difference, Side, State
from voxmint.profiles.pipeline import compile_project

MODEL = "input_audio_transcription: {model: gpt-4o-transcribe}"
EMULATOR = "provider: {kind: emulator}\n"
NESTED = "provider: {kind: emulator, api: client_secrets}\n"


def profile(session: str = "", more: str = "") -> str:
    inner = f"{MODEL}, {session}" if session else MODEL
    return f"{more}session: {{{inner}}}\n"


def edited(before: str, after: str, **others: Content) -> Difference:
    """One profile before and after, with others beside it."""
    return difference({"p": before, **others}, {"p": after, **others})


# ── the three states ─────────────────────────────────────────────────────────────────────────────

STATES: Mapping[str, tuple[str, State]] = {
    "absent": ("", ABSENT),
    "null": ("input_audio_noise_reduction: null", None),
    "unset": ("input_audio_noise_reduction: {$unset: true}", ABSENT),
    "map": ("input_audio_noise_reduction: {type: far_field}", {"type": "far_field"}),
}


@pytest.mark.parametrize("after", STATES)
@pytest.mark.parametrize("before", STATES)
def test_null_absent_and_set_are_told_apart(before: str, after: str) -> None:
    base = profile("input_audio_noise_reduction: {type: near_field}", "abstract: true\n")
    sessions = [f"extends: base\nsession: {{{STATES[one][0]}}}\n" for one in (before, after)]
    found = edited(*sessions, base=base)
    inherited = {"type": "near_field"}
    was, now = (inherited if one == "absent" else STATES[one][1] for one in (before, after))
    if before == after:
        assert not found.groups
    elif isinstance(was, dict) and isinstance(now, dict):
        path = "input_audio_noise_reduction.type"
        assert change(found) == Change(path, was["type"], now["type"])
    else:
        assert change(found) == Change("input_audio_noise_reduction", was, now)


EMPTY: Mapping[str, State] = {
    "{$unset: true}": ABSENT,
    "[]": [],
    "[item.input_audio_transcription.logprobs]": ["item.input_audio_transcription.logprobs"],
}


@pytest.mark.parametrize("after", EMPTY)
@pytest.mark.parametrize("before", EMPTY)
def test_an_empty_list_is_not_an_absent_one(before: str, after: str) -> None:
    found = edited(profile(f"include: {before}"), profile(f"include: {after}"))
    if before == after:
        assert not found.groups
    else:
        assert change(found) == Change("include", EMPTY[before], EMPTY[after])


TEXTS: Mapping[str, State] = {"{$unset: true}": ABSENT, '""': "", "x": "x", '"0"': "0"}


@pytest.mark.parametrize("after", TEXTS)
@pytest.mark.parametrize("before", TEXTS)
def test_an_empty_text_is_not_an_absent_one(before: str, after: str) -> None:
    sessions = [
        f"session: {{input_audio_transcription: {{model: gpt-4o-transcribe, prompt: {one}}}}}\n"
        for one in (before, after)
    ]
    found = edited(*sessions)
    if before == after:
        assert not found.groups
    else:
        path = "input_audio_transcription.prompt"
        assert change(found) == Change(path, TEXTS[before], TEXTS[after])


MAPS: Mapping[str, State] = {"{$unset: true}": ABSENT, "null": None, "{}": {}}


@pytest.mark.parametrize("after", MAPS)
@pytest.mark.parametrize("before", MAPS)
def test_an_empty_map_is_neither_null_nor_absent(before: str, after: str) -> None:
    name = "input_audio_noise_reduction"
    found = edited(profile(f"{name}: {before}"), profile(f"{name}: {after}"))
    if before == after:
        assert not found.groups
    else:
        assert change(found) == Change(name, MAPS[before], MAPS[after])


def test_one_and_one_point_naught_are_written_differently() -> None:
    one, other = (
        profile(f"turn_detection: {{type: server_vad, threshold: {n}}}") for n in "1 1.0".split()
    )
    assert change(edited(one, other)) == Change("turn_detection.threshold", 1, 1.0)
    assert type(change(edited(one, other)).after) is float


# ── causes ───────────────────────────────────────────────────────────────────────────────────────


def test_a_value_in_a_base_and_what_shadows_it() -> None:
    bases = [
        profile(f"turn_detection: {{type: server_vad, threshold: {n}}}", "abstract: true\n")
        for n in ("0.5", "0.6")
    ]
    others = {
        "p": "extends: base\n",
        "off": "extends: base\nsession: {turn_detection: null}\n",
        "own": "extends: base\nsession: {turn_detection: {threshold: 0.9}}\n",
    }
    found = difference({"base": bases[0], **others}, {"base": bases[1], **others})
    group = only(found)
    assert group.change == Change("turn_detection.threshold", 0.5, 0.6)
    assert group.bodies == (("p", "local"),)
    assert (group.cause.before, group.cause.after) == (0.5, 0.6)
    assert str(group.cause.at).startswith("profiles/base.yaml:2:")
    assert [(one.bodies, str(one.by), one.value) for one in found.shadowed] == [
        ((("off", "local"),), "profiles/off.yaml:2:27", None),
        ((("own", "local"),), "profiles/own.yaml:2:39", 0.9),
    ]


def test_lines_that_only_move_are_no_edits() -> None:
    text = profile("turn_detection: null")
    found = edited(text, f"# a comment\n\n{text}")
    assert (found.groups, found.idle, found.layout) == ((), (), ("profiles/p.yaml",))


def test_a_dead_line_changes_no_body() -> None:
    dead = profile(more="description: Old\n")
    found = edited(dead, dead.replace("Old", "New"))
    assert [(one.kind, one.before, one.after) for one in found.idle] == [
        (CauseKind.DESCRIPTION, "Old", "New")
    ]


PROMPT = 'session: {input_audio_transcription: {model: gpt-4o-transcribe, prompt: "%s"}}\n'


def test_a_variable_reaches_the_templates_that_use_it() -> None:
    template = PROMPT % "In {{ vars.place }}."
    head = "vars: {place: house, other: 2}\n" + template
    found = edited(
        "vars: {place: ward, other: 1}\n" + template, head, q="extends: p\nvars: {place: own}\n"
    )
    group = only(found)
    assert (group.cause.kind, group.cause.path) == (CauseKind.VARIABLE, "vars.place")
    assert group.change == Change("input_audio_transcription.prompt", "In ward.", "In house.")
    assert group.bodies == (("p", "local"),)
    reasons = {(one.cause.path, one.bodies, one.why, str(one.by)) for one in found.shadowed}
    assert ("vars.place", (("q", "local"),), "", "profiles/q.yaml:2:15") in reasons
    both = (("p", "local"), ("q", "local"))
    assert ("vars.other", both, "no value there depends on it", "None") in reasons


def test_a_variable_whose_name_has_a_dot() -> None:
    template = PROMPT % "In {{ vars['ward.name'] }}."
    before, after = "vars: {ward.name: east, other: 1}\n", "vars: {ward.name: west, other: 2}\n"
    found = edited(before + template, after + template)
    group = only(found)
    assert (group.cause.kind, group.cause.path) == (CauseKind.VARIABLE, "vars.ward.name")
    assert (group.change.before, group.change.after) == ("In east.", "In west.")


def test_a_variable_of_a_variable_and_of_a_weaker_template() -> None:
    base = "abstract: true\nvars: {a: '{{ vars.b }}', b: %s}\n" + PROMPT % "In {{ vars.a }}."
    own = (
        "extends: base\n" + PROMPT.replace("model: gpt-4o-transcribe, ", "") % "{{ super() }} More."
    )
    found = difference({"base": base % "x", "p": own}, {"base": base % "y", "p": own})
    assert only(found).cause.path == "vars.b"
    assert change(found)[1:] == ("In x. More.", "In y. More.")


def test_a_weaker_template_under_super() -> None:
    base = "abstract: true\n" + PROMPT
    own = (
        "extends: base\n" + PROMPT.replace("model: gpt-4o-transcribe, ", "") % "{{ super() }} More."
    )
    found = difference({"base": base % "One.", "p": own}, {"base": base % "Two.", "p": own})
    assert str(only(found).cause.at).startswith("profiles/base.yaml:2")


@pytest.mark.parametrize(
    ("path", "text"), [("labels.x", "labels: {x: %s}\n"), ("description", "description: %s\n")]
)
def test_labels_and_descriptions_in_templates(path: str, text: str) -> None:
    template = PROMPT % f"{{{{ profile.{path} }}}}"
    found = edited(text % "one" + template, text % "two" + template)
    assert (only(found).cause.before, only(found).cause.after) == ("one", "two")
    assert change(found)[1:] == ("one", "two")


ITEM = "  - where: {labels: {tier: %s}}\n    session: {turn_detection: %s}\n"


def overlaid(before: str, after: str, labels: tuple[str, str] = ("gold", "gold")) -> Difference:
    profiles = [{"p": profile(more=f"labels: {{tier: {one}}}\n")} for one in labels]
    return difference(
        profiles[0], profiles[1], {"local": EMULATOR + before}, {"local": EMULATOR + after}
    )


def test_an_overlay_item_added_changed_and_removed() -> None:
    item = "overlay:\n" + ITEM % ("gold", "null")
    added = only(overlaid("", item))
    assert (added.cause.kind, added.cause.before) == (CauseKind.OVERLAY, ABSENT)
    assert added.change == Change("turn_detection", ABSENT, None)
    removed = only(overlaid(item, ""))
    assert (removed.cause.kind, removed.cause.side) == (CauseKind.OVERLAY, Side.BASE)
    vad = "overlay:\n" + ITEM % ("gold", "{type: server_vad}")
    edit = only(overlaid(item, vad))
    assert (edit.cause.kind, edit.cause.path) == (CauseKind.VALUE, "turn_detection")


def test_a_selector_and_a_label() -> None:
    gold, silver = ("overlay:\n" + ITEM % (tier, "null") for tier in ("gold", "silver"))
    selector = only(overlaid(gold, silver))
    assert (selector.cause.kind, selector.cause.path) == (CauseKind.SELECTOR, "overlay.0.where")
    assert selector.cause.after == {"labels": {"tier": "silver"}}
    label = only(overlaid(gold, gold, ("silver", "gold")))
    assert (label.cause.kind, label.cause.path) == (CauseKind.LABEL, "labels.tier")
    assert (label.cause.before, label.cause.after) == ("silver", "gold")


def test_overlay_items_in_another_order() -> None:
    items = [f"  - session: {{turn_detection: {one}}}\n" for one in ("null", "{type: server_vad}")]
    found = overlaid("overlay:\n" + "".join(items), "overlay:\n" + "".join(items[::-1]))
    assert (only(found).cause.kind, only(found).cause.path) == (CauseKind.ORDER, "overlay")


def test_a_block_for_an_environment() -> None:
    block = "environments: {local: {session: {turn_detection: null}}}\n"
    found = only(edited(profile(), profile() + block))
    assert (found.cause.kind, found.cause.layer) == (CauseKind.BLOCK, "profile p, for local")
    assert found.change == Change("turn_detection", ABSENT, None)


BASES = {
    "one": profile("turn_detection: null", "abstract: true\n"),
    "two": profile("turn_detection: {type: server_vad}", "abstract: true\n"),
}


@pytest.mark.parametrize(
    ("before", "after"), [("one", "two"), ("[one, two]", "[two, one]"), ("one", "[one, two]")]
)
def test_extends_moved_reordered_and_added(before: str, after: str) -> None:
    found = edited(f"extends: {before}\n", f"extends: {after}\n", **BASES)
    cause = only(found).cause
    assert (cause.kind, cause.at.file, cause.at.line) == (CauseKind.EXTENDS, "profiles/p.yaml", 1)
    assert only(found).bodies == (("p", "local"),)


def test_a_new_base_is_told_with_what_extends_it() -> None:
    extended = ("extends: one\n", "extends: [one, two]\n")
    base = {"one": BASES["one"]}
    found = difference({"p": extended[0], **base}, {"p": extended[1], **BASES})
    back = difference({"p": extended[1], **BASES}, {"p": extended[0], **base})
    for one in (found, back):
        assert {group.cause.kind for group in one.groups} == {CauseKind.EXTENDS}
        assert one.idle == ()
    # One that nobody extends is told by itself.
    alone = difference({"p": extended[0], **base}, {"p": extended[0], **BASES})
    assert [cause.kind for cause in alone.idle] == [CauseKind.FILE]


def test_what_aliases_bring_elsewhere_is_one_edit() -> None:
    before, after = (
        f"session: {{{MODEL}, turn_detection: {{type: server_vad, threshold: &loud {one}}}}}\n"
        "environments: {local: {session: {turn_detection: {threshold: *loud}}}}\n"
        for one in ("0.5", "0.6")
    )
    environments = {"local": EMULATOR, "other": EMULATOR}
    found = difference({"p": before}, {"p": after}, environments, environments)
    assert only(found).bodies == (("p", "local"), ("p", "other"))
    assert (only(found).cause.before, only(found).cause.after) == (0.5, 0.6)
    assert (found.shadowed, found.idle) == ((), ())


def test_a_base_of_a_base_moved() -> None:
    profiles = {**BASES, "p": "extends: mid\n"}
    found = difference(
        {**profiles, "mid": "abstract: true\nextends: one\n"},
        {**profiles, "mid": "abstract: true\nextends: two\n"},
    )
    assert str(only(found).cause.at) == "profiles/mid.yaml:2:10"


def test_an_environment_that_extends_another() -> None:
    environments = {
        "base": EMULATOR + "abstract: true\nsession: {turn_detection: null}\n",
        "local": EMULATOR,
    }
    others = {**environments, "local": EMULATOR + "extends: base\n"}
    found = difference({"p": profile()}, {"p": profile()}, environments, others)
    assert (only(found).cause.kind, only(found).bodies) == (CauseKind.EXTENDS, (("p", "local"),))


def test_what_falls_away_with_its_type_is_the_types_doing() -> None:
    base = profile("turn_detection: {type: server_vad, threshold: 0.6}", "abstract: true\n")
    found = edited(
        "extends: base\n",
        "extends: base\nsession: {turn_detection: {type: semantic_vad}}\n",
        base=base,
    )
    assert {group.change.path for group in found.groups} == {
        "turn_detection.type",
        "turn_detection.threshold",
    }
    assert len({group.cause for group in found.groups}) == 1


def test_a_directive() -> None:
    said = "session: {input_audio_transcription: {%s}}\n"
    base = "abstract: true\n" + said % "model: gpt-transcribe, keywords: [a, b]"
    own = "extends: base\n" + said % "keywords: {$%s: [b]}"
    found = edited(own % "remove", own % "append", base=base)
    assert change(found)[1:] == (["a"], ["a", "b", "b"])
    assert only(found).cause.after == {"$append": ["b"]}


def test_one_effect_of_several_causes() -> None:
    base = profile("turn_detection: {type: server_vad, threshold: %s}", "abstract: true\n")
    items = ["", "overlay:\n  - session: {turn_detection: {threshold: 0.9}}\n"]
    found = difference(
        {"base": base % "0.5", "p": "extends: base\n"},
        {"base": base % "0.6", "p": "extends: base\n"},
        {"local": EMULATOR + items[1]},
        {"local": EMULATOR + items[0]},
    )
    assert [len(group.others) for group in found.groups] == [1, 1]
    assert {group.change for group in found.groups} == {
        Change("turn_detection.threshold", 0.9, 0.6)
    }
    assert found.groups[0].others == (found.groups[1].cause,)


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


def settings(before: str, after: str) -> Difference:
    return difference({"p": profile()}, {"p": profile()}, {"e": before}, {"e": after})


def test_another_endpoint_changes_the_form_of_every_body() -> None:
    found = settings(EMULATOR + "", NESTED)
    assert change(found) == Change("provider.api", "transcription_sessions", "client_secrets")
    assert only(found).cause.path == "provider.api"


def test_where_it_is_minted_and_what_does_not_matter() -> None:
    text = "provider: {kind: openai, key: {env: %s}, project: %s}\n"
    found = settings(text % ("A", "one"), text % ("A", "two"))
    assert change(found) == Change("provider.project", "one", "two")
    found = settings(text % ("A", "one"), text % ("B", "one"))
    assert not found.groups
    assert [cause.path for cause in found.idle] == ["provider.key.env"]


def test_a_deployment_reaches_the_bodies_of_its_model() -> None:
    text = "provider: {kind: azure, url: https://x.example, key: {env: A}, deployments: {%s: %s}}\n"
    used = settings(text % ("gpt-4o-transcribe", "a"), text % ("gpt-4o-transcribe", "b"))
    assert change(used) == Change("provider.deployments.gpt-4o-transcribe", "a", "b")
    assert not settings(text % ("whisper-1", "a"), text % ("whisper-1", "b")).groups


def test_a_value_without_a_place_in_the_body_is_no_change() -> None:
    found = difference(
        {"p": profile()}, {"p": profile("modalities: [text]")}, {"e": NESTED}, {"e": NESTED}
    )
    assert not found.groups
    assert [one.why for one in found.shadowed] == ["client_secrets has no place for it"]


# ── bodies that come and go ──────────────────────────────────────────────────────────────────────


def test_a_file_that_is_new_gone_and_renamed() -> None:
    text = profile("turn_detection: null")
    new = difference({"p": text}, {"p": text, "q": profile()})
    assert [(one.bodies, one.cause.kind, one.cause.after) for one in new.added] == [
        ((("q", "local"),), CauseKind.FILE, "profiles/q.yaml")
    ]
    gone = difference({"p": text, "q": profile()}, {"p": text})
    assert [(one.bodies, one.cause.side) for one in gone.removed] == [
        ((("q", "local"),), Side.BASE)
    ]
    renamed = difference({"p": text}, {"q": text})
    assert (renamed.renamed[0][1:], renamed.added, renamed.removed) == (("p", "q", 1), (), ())
    assert renamed.has_changes


def test_a_renamed_profile_that_was_edited_too() -> None:
    lines = "".join(f"  x{index}: '{index} words of it'\n" for index in range(5))
    text = f"vars:\n{lines}session:\n  {MODEL}\n"
    found = difference({"p": text}, {"q": text + "  turn_detection: null\n"})
    assert found.renamed[0][1:] == ("p", "q", 1)
    assert (only(found).bodies, change(found).path) == ((("q", "local"),), "turn_detection")


def test_a_renamed_base_changes_nothing() -> None:
    base = profile("turn_detection: null", "abstract: true\n")
    found = difference({"old": base, "p": "extends: old\n"}, {"new": base, "p": "extends: new\n"})
    assert (found.groups, found.idle, found.renamed[0][1:]) == ((), (), ("old", "new", 0))
    assert not found.has_changes


def test_the_profiles_of_an_environment() -> None:
    both = {"p": profile(), "q": profile()}
    text = EMULATOR + 'profiles: ["*"%s]\n'
    found = difference(both, both, {"e": text % ""}, {"e": text % ', "!q"'})
    [removed] = found.removed
    assert (removed.bodies, removed.cause.kind) == ((("q", "e"),), CauseKind.PROFILES)
    assert removed.cause.after == ["*", "!q"]


def test_an_abstract_profile_has_no_body() -> None:
    found = difference(
        {"p": profile(), "q": profile()}, {"p": profile(), "q": profile(more="abstract: true\n")}
    )
    assert [one.cause.kind for one in found.removed] == [CauseKind.ABSTRACT]


# ── problems ─────────────────────────────────────────────────────────────────────────────────────

BROKEN = profile("turn_detection: {type: server_vad, threshold: 7}")


def test_now_invalid_newly_valid_and_still_invalid() -> None:
    worse = edited(profile(), BROKEN)
    assert (worse.invalid, len(worse.new), worse.has_new_errors) == ((("p", "local"),), 1, True)
    better = edited(BROKEN, profile())
    assert (better.valid, len(better.gone), better.has_new_errors) == ((("p", "local"),), 1, False)
    same = edited(BROKEN, "# moved\n" + BROKEN)
    errors = [problem for problem in same.old if problem.is_error]
    assert (same.broken, len(errors), same.new) == ((("p", "local"),), 1, ())


def test_an_old_problem_is_new_where_it_was_not() -> None:
    found = difference({"base": BROKEN}, {"base": BROKEN, "q": "extends: base\n"})
    errors = [problem for problem in (*found.new, *found.old) if problem.is_error]
    assert [problem.affects for problem in errors] == [(("q", "local"),), (("base", "local"),)]
    assert errors[0] in found.new


def test_a_file_that_cannot_be_read_any_more() -> None:
    found = edited(profile(), "session: {")
    assert (found.invalid, found.removed) == ((("p", "local"),), ())
    assert found.has_new_errors
    assert edited("session: {", profile()).valid == (("p", "local"),)


def test_what_cannot_be_read_in_either_state_is_still_invalid_and_its_edits_are_not_idle() -> None:
    lost = {"base": "session: {", "p": "extends: base\n", "q": profile()}
    variables = {"local": LOCAL["local"] + "vars: {x: 1}\n"}
    found = difference(lost, {**lost, "p": "extends: base\nlabels: {a: b}\n"}, LOCAL, variables)
    assert (found.broken, found.new) == ((("p", "local"),), ())
    assert [cause.path for cause in found.untold] == ["vars.x"]
    assert (found.idle, found.layout, found.unread) == ((), (), ("profiles/p.yaml",))
    same = difference(lost, {**lost, "base": "session: {x: ["})
    assert same.unread == ("profiles/base.yaml",)
    # What makes it so is told as a problem; of what inherits it nothing can be said either.
    now = difference({**lost, "base": profile()}, {**lost, "p": "extends: base\nvars: {x: 1}\n"})
    assert (now.layout, now.unread) == ((), ("profiles/p.yaml",))


def test_edits_of_invalid_bodies_are_not_called_idle() -> None:
    found = edited(BROKEN, BROKEN.replace("7", "8"))
    assert (found.idle, [cause.after for cause in found.untold]) == ((), [8])


def test_what_is_shadowed_in_one_body_is_not_known_of_an_invalid_one() -> None:
    base, new = (f"vars: {{x: {one}}}\n" + profile("", "abstract: true\n") for one in (1, 2))
    others = {"p": "extends: base\n", "q": "extends: base\n" + BROKEN}
    found = difference({"base": base, **others}, {"base": new, **others})
    assert [one.bodies for one in found.shadowed] == [(("p", "local"),)]
    assert [cause.path for cause in found.untold] == ["vars.x"]
    sound = difference({"base": base, "p": others["p"]}, {"base": new, "p": others["p"]})
    assert (len(sound.shadowed), sound.untold) == (1, ())


# ── origins ──────────────────────────────────────────────────────────────────────────────────────


def test_a_value_that_comes_from_elsewhere() -> None:
    vad = "turn_detection: {type: server_vad}"
    profiles = {"base": profile(vad, "abstract: true\n"), "p": "extends: base\n"}
    head = {**profiles, "p": f"extends: base\nsession: {{{vad}}}\n"}
    found = difference(profiles, head, origins=True)
    assert not found.groups
    assert [(one.path, one.value, one.before.file, one.after.file) for one in found.moved] == [
        ("turn_detection.type", "server_vad", "profiles/base.yaml", "profiles/p.yaml")
    ]


def test_only_what_was_asked_for() -> None:
    states = [
        compile_project(project({name: profile(text) for name in ("p", "q")}))
        for text in ("turn_detection: null", "")
    ]
    asked = [Compared(one, one.problems, lambda body: body[0] == "q") for one in states]
    assert compare(*asked).changed == {("q", "local")}
    assert compared(*states).changed == {("p", "local"), ("q", "local")}


# ── no more causes than there are ────────────────────────────────────────────────────────────────


def thresholds(base: str, item: str | None) -> tuple[dict[str, Content], dict[str, Content]]:
    session = f"turn_detection: {{type: server_vad, threshold: {base}}}"
    overlay = f"overlay:\n  - session: {{turn_detection: {{threshold: {item}}}}}\n" if item else ""
    profiles: dict[str, Content] = {
        "base": profile(session, "abstract: true\n"),
        "p": "extends: base\n",
    }
    return profiles, {"local": EMULATOR + overlay}


@pytest.mark.parametrize(("before", "kind"), [(None, "overlay item"), ("0.8", "value")])
def test_what_a_stronger_edit_covers_is_no_cause(before: str | None, kind: str) -> None:
    base, head = thresholds("0.5", before), thresholds("0.6", "0.7")
    found = difference(base[0], head[0], base[1], head[1])
    group = only(found)
    assert (group.cause.kind, group.others) == (CauseKind(kind), ())
    [shadow] = found.shadowed
    assert (shadow.cause.after, shadow.value) == (0.6, 0.7)


def test_a_type_that_an_inherited_map_changes_takes_the_others_with_it() -> None:
    base = profile("turn_detection: {type: server_vad, threshold: 0.6}", "abstract: true\n")
    mid = "extends: base\nabstract: true\nsession: {turn_detection: {type: %s}}\n"
    found = difference(
        {"base": base, "mid": mid % "server_vad", "p": "extends: mid\n"},
        {"base": base, "mid": mid % "semantic_vad", "p": "extends: mid\n"},
    )
    assert {group.change for group in found.groups} == {
        Change("turn_detection.type", "server_vad", "semantic_vad"),
        Change("turn_detection.threshold", 0.6, ABSENT),
    }
    assert {group.cause.path for group in found.groups} == {"turn_detection.type"}


def test_an_order_is_the_cause_even_where_a_covered_line_was_edited_too() -> None:
    items = {
        name: f"  - session: {{turn_detection: {{type: server_vad, threshold: {value}}}}}\n"
        for name, value in {"a": 0.6, "b": 0.7, "c": 0.75}.items()
    }
    where = items["c"].replace("session:", "where: {names: p}\n    session:")
    before = items["b"].replace("session:", "where: {names: p}\n    session:")
    found = overlaid(f"overlay:\n{items['a']}{before}", f"overlay:\n{where}{items['a']}")
    assert change(found) == Change("turn_detection.threshold", 0.7, 0.6)
    assert (only(found).cause.kind, only(found).others) == (CauseKind.ORDER, ())
