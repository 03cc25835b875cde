"""What the service asks beyond types and ranges: a table of rules, each with its wording.

A rule looks at a session (plain values, in the names of the flat endpoint) for one form of the
body, and yields what it finds. Its kind says where the rule is documented and how sure it is: one
of the published schema or its prose that no report contradicts is an error; one that rests on
reports alone, is in doubt or in dispute is a warning that says so. A new rule is one function, its
kinds beside it, and one line in `RULES`.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

from voxmint.origin import Path
from voxmint.problems import Kind, Sureness, error, nearest, note, warning
from voxmint.profiles.fields import (
    FLAT,
    MODELS,
    NESTED,
    NOISE_REDUCTION,
    SCHEMA,
    SDK,
    SEMANTIC_VAD,
    SESSION,
    TURN_DETECTION,
    UNIONS,
    Field,
)
from voxmint.profiles.findings import Finding
from voxmint.profiles.languages import CODES, DETECTED, meant
from voxmint.profiles.models import Answer, Model, model_of
from voxmint.profiles.values import briefly

Session = Mapping[str, Any]
Rule = Callable[[Session, str], Iterator[Finding]]

_TRANSCRIPTION: Path = ("session", "input_audio_transcription")
_MODEL: Path = (*_TRANSCRIPTION, "model")
_DETECTION: Path = ("session", "turn_detection")
_STRENGTH: Path = ("session", "input_audio_noise_reduction", "strength")
_REPORTS = "reports from real traffic, not in the published schema"
ONE_REPORT = "a single report, not in the published schema"

PROMPT_LIMIT = 1024
"""Characters that a prompt may have, by two independent reports."""


def transcription_of(session: Session) -> Mapping[str, Any]:
    """The transcription's settings; empty where it is absent or null."""
    return session.get("input_audio_transcription") or {}


def _model_of(session: Session) -> Model | None:
    return model_of(transcription_of(session).get("model"))


# ── the model ────────────────────────────────────────────────────────────────────────────────────

NO_TRANSCRIPTION = warning(
    "no-transcription",
    "the session has no `input_audio_transcription`, so nothing is transcribed",
    "write `input_audio_transcription: {{model: gpt-transcribe}}` below `session`",
    about="A session without `input_audio_transcription` opens and gives no text, since the "
    "server's default is off. Usually a base that was to set it is missing from `extends`.",
    source="published schema: transcription defaults to off",
    sure=Sureness.PUBLISHED,
)


def has_transcription(session: Session, form: str) -> Iterator[Finding]:
    if session.get("input_audio_transcription") is None:
        yield Finding(NO_TRANSCRIPTION, _TRANSCRIPTION, {})


MISSING_MODEL = warning(
    "missing-model",
    "the transcription names no `model`",
    "write `model: gpt-transcribe`, or another one, below `input_audio_transcription`",
    about="The published schema leaves the model optional, but the service was seen to answer 400 "
    "`Missing required parameter: 'session.audio.input.transcription.model'`. So a map with only "
    "a language or a prompt fails at the mint. Set the model in the profile or a base.",
    source=ONE_REPORT,
    sure=Sureness.REPORTED,
)


def has_model(session: Session, form: str) -> Iterator[Finding]:
    transcription = session.get("input_audio_transcription")
    if transcription is not None and "model" not in transcription:
        yield Finding(MISSING_MODEL, _TRANSCRIPTION, {}, at_key=True)


UNKNOWN_MODEL = warning(
    "unknown-model",
    "{model} is not a model this version knows, so its rules are not checked",
    "did you mean `{nearest}`?",
    about="The field is open, so that new models, and on Azure the names of deployments, pass. "
    "What such a model takes is not known here: its language, prompt and turn detection go "
    "unchecked. Look at the spelling; if the name is meant, nothing needs to be done.",
    source="published schema: the model is an open text",
    sure=Sureness.PUBLISHED,
)


def model_is_known(session: Session, form: str) -> Iterator[Finding]:
    name = transcription_of(session).get("model")
    if isinstance(name, str) and model_of(name) is None:
        facts = {"model": briefly(name), **nearest(name, MODELS)}
        yield Finding(UNKNOWN_MODEL, _MODEL, facts)


MODEL_ENDS = note(
    "model-ends",
    "{model} was announced to end on 2027-02-26",
    about="whisper-1 and the gpt-4o-transcribe family were announced to end on that day. Nothing "
    "fails before it. Plan a move to gpt-transcribe, gpt-live-transcribe or gpt-realtime-whisper; "
    "`voxmint explain` with a model's name says what it takes.",
    source=f"what {SDK} say of the model",
    sure=Sureness.TYPED,
)


def model_lives_on(session: Session, form: str) -> Iterator[Finding]:
    model = _model_of(session)
    if model and model.ends:
        yield Finding(MODEL_ENDS, _MODEL, {"model": model.name})


# ── what the model takes ─────────────────────────────────────────────────────────────────────────

FIELD_NOT_OF_MODEL = error(
    "field-not-of-model",
    "{model} takes no `{field}`",
    "remove `{field}`, or write `{field}: {{$unset: true}}` over an inherited one",
    about="The service refuses the request. `languages` and `keywords` belong to gpt-transcribe "
    "and gpt-live-transcribe, `delay` to gpt-realtime-whisper; gpt-4o-transcribe-diarize and "
    "gpt-realtime-whisper take no `prompt`. Often a base sets the field for another model: then "
    "unset it where the model is set.",
    source=SCHEMA,
    sure=Sureness.PUBLISHED,
)
FIELD_DOUBTED_OF_MODEL = warning(
    "field-doubted-of-model",
    "whether {model} takes `{field}` is not certain",
    "try it, or remove `{field}`",
    about="gpt-live-transcribe is reported to take `delay`, while the published schema names "
    "gpt-realtime-whisper alone; of gpt-4o-transcribe-diarize no source says whether it takes "
    "`language`. Mint one session with it and see, or leave the field out.",
    source="reports and the published schema disagree, or are silent",
    sure=Sureness.DISPUTED,
)


def model_takes_fields(session: Session, form: str) -> Iterator[Finding]:
    transcription, model = transcription_of(session), _model_of(session)
    if model is None:
        return
    for name in transcription:
        answer = model.takes.get(name, Answer.YES)
        if answer is Answer.YES:
            continue
        kind = FIELD_NOT_OF_MODEL if answer is Answer.NO else FIELD_DOUBTED_OF_MODEL
        facts = {"model": model.name, "field": name}
        related = ((_MODEL, "the model is set here"),)
        yield Finding(kind, (*_TRANSCRIPTION, name), facts, related, at_key=True)


MODEL_NEEDS_NO_TURN_DETECTION = error(
    "model-needs-no-turn-detection",
    "{model} takes no turn detection, but this profile has {detection}",
    "write `turn_detection: null` where the model is set",
    about="With gpt-realtime-whisper the client says where a turn ends; the service refuses the "
    "request unless detection is off. Off is `turn_detection: null`: leaving the key out, or "
    "`$unset`, means the server's default, which is on.",
    source="published schema, and reports from real traffic",
    sure=Sureness.PUBLISHED,
)
TURN_DETECTION_DOUBTED = warning(
    "turn-detection-doubted",
    "{model} is reported to take no turn detection, but this profile has {detection}",
    "write `turn_detection: null` where the model is set",
    about="gpt-live-transcribe was seen by several users to refuse turn detection, "
    "gpt-4o-transcribe-diarize by one; the published schema does not say it. A session that is "
    "refused costs a failed mint, so turn it off with `turn_detection: null`.",
    source=_REPORTS,
    sure=Sureness.SEEN,
)
TURN_DETECTION_LEFT_OUT = warning(
    "turn-detection-left-out",
    "{model} {takes} no turn detection, and this profile leaves `turn_detection` out",
    "write `turn_detection: null`: leaving it out means the server's default",
    about="Left out means the server's default, which is on, and for this model it should be off. "
    "Reports of what the server then does conflict. An explicit `turn_detection: null` survives "
    "every layer and leaves nothing to chance.",
    source="reports from real traffic, which conflict",
    sure=Sureness.DISPUTED,
)


def model_allows_turn_detection(session: Session, form: str) -> Iterator[Finding]:
    model = _model_of(session)
    if model is None or model.takes["turn_detection"] is Answer.YES:
        return
    facts: dict[str, object] = {"model": model.name}
    sure = model.takes["turn_detection"] is Answer.NO
    if "turn_detection" not in session:
        facts["takes"] = "takes" if sure else "is reported to take"
        yield Finding(TURN_DETECTION_LEFT_OUT, _MODEL, facts)
        return
    detection = session["turn_detection"]
    if detection is None:
        return
    kind = MODEL_NEEDS_NO_TURN_DETECTION if sure else TURN_DETECTION_DOUBTED
    facts["detection"] = detection.get("type", "the default, server_vad")
    path = (*_DETECTION, "type") if "type" in detection else _DETECTION
    yield Finding(kind, path, facts, ((_MODEL, "the model that needs it off is set here"),))


# ── languages, prompts, keywords ─────────────────────────────────────────────────────────────────

BAD_LANGUAGE = error(
    "bad-language",
    "{value} is not a language code of ISO 639-1",
    "did you mean `{nearest}`?",
    "leave it out: then {detector} detects the language",
    "write two lower-case letters, such as `en`",
    about="Languages are two lower-case letters of ISO 639-1, without a region: `en`, not `eng` "
    "or `en-US`; Japanese is `ja`. Norwegian is `no`, which needs no quotes here, since files are "
    "read as YAML 1.2.",
    source=SCHEMA,
    sure=Sureness.PUBLISHED,
)


def languages_are_iso(session: Session, form: str) -> Iterator[Finding]:
    transcription = transcription_of(session)
    given: list[tuple[Path, object]] = []
    if "language" in transcription:
        given.append(((*_TRANSCRIPTION, "language"), transcription["language"]))
    for index, value in enumerate(transcription.get("languages") or ()):
        given.append(((*_TRANSCRIPTION, "languages", index), value))
    for path, value in given:
        if isinstance(value, str) and value not in CODES:
            near = meant(value)
            facts = {"value": briefly(value)} | ({"nearest": near} if near else {})
            if value.strip().casefold() in DETECTED:
                facts["detector"] = "the model"
            yield Finding(BAD_LANGUAGE, path, facts)


LANGUAGE_AND_LANGUAGES = warning(
    "language-and-languages",
    "`language` and `languages` stand together",
    "keep one of them",
    about="`language` names the one language of the audio, `languages` those that it may be in. A "
    "model that takes `languages` is reported not to take `language` beside it. Where a base sets "
    "the other one, unset it: `language: {$unset: true}`.",
    source=_REPORTS,
    sure=Sureness.SEEN,
)


def one_way_to_say_languages(session: Session, form: str) -> Iterator[Finding]:
    transcription, model = transcription_of(session), _model_of(session)
    if model and model.takes["languages"] is Answer.NO:
        return  # then it is `languages` that is wrong, and that is said
    if "language" in transcription and "languages" in transcription:
        path = (*_TRANSCRIPTION, "language")
        related = (((*_TRANSCRIPTION, "languages"), "the other is set here"),)
        yield Finding(LANGUAGE_AND_LANGUAGES, path, {}, related, at_key=True)


LONG_PROMPT = warning(
    "long-prompt",
    "the prompt has {length} characters; more than {limit} are reported to be refused",
    "shorten it by {over}",
    about="Two users saw a prompt of more than 1024 characters refused, and with it the whole "
    "request. What counts is the rendered prompt, `super()` and vars included. For words to "
    "expect, `keywords` are meant, with the models that take them.",
    source=_REPORTS,
    sure=Sureness.SEEN,
)


def prompt_is_short(session: Session, form: str) -> Iterator[Finding]:
    prompt = transcription_of(session).get("prompt")
    if isinstance(prompt, str) and len(prompt) > PROMPT_LIMIT:
        length = len(prompt)
        facts = {"length": length, "limit": PROMPT_LIMIT, "over": length - PROMPT_LIMIT}
        yield Finding(LONG_PROMPT, (*_TRANSCRIPTION, "prompt"), facts)


BAD_KEYWORD = warning(
    "bad-keyword",
    "the keyword {value} holds {character}, for which the whole request is reported refused",
    "take the character out",
    about="An item of `keywords` with `<`, `>` or a line break was seen to fail the whole "
    "request. A block scalar (`|`) ends with a line break; write the word plainly, or with `|-`.",
    source=_REPORTS,
    sure=Sureness.SEEN,
)
_BAD_CHARACTERS = {"<": "`<`", ">": "`>`", "\r": "a line break", "\n": "a line break"}


def keywords_are_plain(session: Session, form: str) -> Iterator[Finding]:
    for index, word in enumerate(transcription_of(session).get("keywords") or ()):
        text = word if isinstance(word, str) else ""  # of a wrong item, nothing more is said
        bad = [name for character, name in _BAD_CHARACTERS.items() if character in text]
        if bad:
            facts = {"value": briefly(word), "character": bad[0]}
            yield Finding(BAD_KEYWORD, (*_TRANSCRIPTION, "keywords", index), facts)


# ── turn detection ───────────────────────────────────────────────────────────────────────────────

TURN_DETECTION_NEEDS_TYPE = error(
    "turn-detection-needs-type",
    "`turn_detection` has no `type`, which client_secrets demands",
    "write `type: server_vad` or `type: semantic_vad` below it, or `turn_detection: null`",
    about="transcription_sessions takes server_vad where no type is given; client_secrets refuses "
    "the request without one. Write it once in a base, and both endpoints are served.",
    source=SCHEMA,
    sure=Sureness.PUBLISHED,
)
FIELD_NOT_OF_TYPE = error(
    "field-not-of-type",
    "`{field}` is not a field of {owner} by {type}",
    "remove `{field}`, or set `type: {other}`",
    about="server_vad has `threshold`, `prefix_padding_ms`, `silence_duration_ms` and "
    "`idle_timeout_ms`; semantic_vad has `eagerness`. Where a layer changes the type, the fields "
    "it inherits fall away by themselves, but those it sets itself must fit.",
    source=SCHEMA,
    sure=Sureness.PUBLISHED,
)
SEMANTIC_VAD_DOUBTED = warning(
    "semantic-vad-doubted",
    "whether transcription_sessions takes semantic_vad is not certain",
    "use `--api client_secrets`, or server_vad, where the service refuses it",
    about="The published schema of transcription_sessions lists server_vad alone; the endpoint's "
    "reference page and the OpenAI Python SDK list both. client_secrets takes both for certain.",
    source="published schema and reference page disagree",
    sure=Sureness.DISPUTED,
)


def turn_detection_has_a_type(session: Session, form: str) -> Iterator[Finding]:
    detection = session.get("turn_detection")
    if detection is None:
        return
    if "type" not in detection and form == NESTED:
        yield Finding(TURN_DETECTION_NEEDS_TYPE, _DETECTION, {}, at_key=True)
    if detection.get("type") == SEMANTIC_VAD and form == FLAT:
        yield Finding(SEMANTIC_VAD_DOUBTED, (*_DETECTION, "type"), {})


def unions_are_of_one_type(session: Session, form: str) -> Iterator[Finding]:
    for path, field in UNIONS.items():
        value: Any = {"session": session}
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None:
            yield from fields_of_other_types(value, field, path)


def fields_of_other_types(value: Mapping[str, Any], field: Field, path: Path) -> Iterator[Finding]:
    """The fields of a union's value that its type does not have."""
    default = field.by_name["type"].default
    kind = value.get("type", default)
    if kind not in field.variants_of_type:
        return
    remark = "the type is set here" if "type" in value else f"no type here: it is {default}"
    related = (((*path, "type"), remark),)
    owner = field.name.replace("_", " ")
    for name in value:
        if name not in field.variants_of_type[kind]:
            other = field.by_name[name].variants[0]
            facts = {"field": name, "owner": owner, "type": kind, "other": other}
            yield Finding(FIELD_NOT_OF_TYPE, (*path, name), facts, related, at_key=True)


NEGATIVE_DURATION = warning(
    "negative-duration",
    "`{field}` is less than zero, and no source says what that means",
    "write 0 or more milliseconds",
    about="The published schema takes any whole number here and names no least one, so it is not "
    "known whether the service refuses a negative duration or what it makes of it. It is nearly "
    "always a slip, or a template that subtracts too much.",
    source="published schema, which is silent on the least value",
    sure=Sureness.DISPUTED,
)


def durations_are_positive(session: Session, form: str) -> Iterator[Finding]:
    detection = session.get("turn_detection") or {}
    for name in ("prefix_padding_ms", "silence_duration_ms"):
        if detection.get(name, 0) < 0:
            yield Finding(NEGATIVE_DURATION, (*_DETECTION, name), {"field": name})


UNUSED_IN_TRANSCRIPTION = warning(
    "unused-in-transcription",
    "`{field}` is not available for transcription sessions; it is sent and has no effect",
    "remove it",
    about="A transcription session makes no responses, so there is nothing to create or to "
    "interrupt. The line is a left-over of a conversation's session.",
    source="reference page of the flat endpoint",
    sure=Sureness.PUBLISHED,
)


def no_response_settings(session: Session, form: str) -> Iterator[Finding]:
    for name in ("create_response", "interrupt_response"):
        if name in (session.get("turn_detection") or ()):
            yield Finding(
                UNUSED_IN_TRANSCRIPTION, (*_DETECTION, name), {"field": name}, at_key=True
            )


# ── noise reduction ──────────────────────────────────────────────────────────────────────────────

FIELD_TYPED_ONLY = warning(
    "field-typed-only",
    "`{field}` stands in the types of the OpenAI Python SDK, and not in the published schema",
    "look with `voxmint try` whether the service takes it and keeps it",
    about="The SDK's types have `input_audio_noise_reduction.strength` for client_secrets; the "
    "published schema does not, and no report says whether the service takes it. A service that "
    "does not know it refuses the whole request. Where that happens, remove the line.",
    source=SDK,
    sure=Sureness.TYPED,
)
NEGATIVE_STRENGTH = warning(
    "negative-strength",
    "`strength` is less than zero, and no source says what that means",
    "write 0 or more, or `input_audio_noise_reduction: null` to turn it off",
    about="The strength of noise reduction is 1 by default, and more of it suppresses more. What "
    "its range is no source says; less than nothing is nearly always a slip, or a template that "
    "subtracts too much. The field itself is known from the OpenAI Python SDK's types alone.",
    source=f"{SDK}, which are silent on the range",
    sure=Sureness.DISPUTED,
)


def noise_strength_is_doubted(session: Session, form: str) -> Iterator[Finding]:
    strength = (session.get("input_audio_noise_reduction") or {}).get("strength")
    if strength is not None and form in NOISE_REDUCTION.by_name["strength"].forms:
        kind = NEGATIVE_STRENGTH if strength < 0 else FIELD_TYPED_ONLY
        yield Finding(kind, _STRENGTH, {"field": "strength"}, at_key=kind is FIELD_TYPED_ONLY)


# ── what the endpoint has no place for ───────────────────────────────────────────────────────────

NO_PLACE = warning(
    "no-place",
    "`{field}` has no place in the body of {api}, and is left out of it",
    "remove it, or mint at {other}",
    about="A profile serves both endpoints, and the bodies differ a little: `modalities` belongs "
    "to transcription_sessions alone, `idle_timeout_ms` and the noise reduction's `strength` to "
    "client_secrets alone. The rest of the body is sent as it is. Remove the field if the other "
    "endpoint is never used; with `--strict` this fails.",
    source=SCHEMA,
    sure=Sureness.PUBLISHED,
)
_APIS = {FLAT: "transcription_sessions", NESTED: "client_secrets"}


def form_has_places(session: Session, form: str) -> Iterator[Finding]:
    levels = (
        (("session",), SESSION, session),
        (_STRENGTH[:-1], NOISE_REDUCTION, session.get("input_audio_noise_reduction") or {}),
        (_DETECTION, TURN_DETECTION, session.get("turn_detection") or {}),
    )
    for at, field, values in levels:
        for name in values:
            if form not in field.by_name[name].forms:
                other = _APIS[field.by_name[name].forms[0]]
                facts = {"field": name, "api": _APIS[form], "other": other}
                yield Finding(NO_PLACE, (*at, name), facts, at_key=True)


RULES: tuple[Rule, ...] = (
    has_transcription,
    has_model,
    model_is_known,
    model_lives_on,
    model_takes_fields,
    model_allows_turn_detection,
    languages_are_iso,
    one_way_to_say_languages,
    prompt_is_short,
    keywords_are_plain,
    turn_detection_has_a_type,
    unions_are_of_one_type,
    durations_are_positive,
    no_response_settings,
    noise_strength_is_doubted,
    form_has_places,
)

RULES_OF_DETAIL: tuple[Rule, ...] = (prompt_is_short,)
"""The rules that look at what may be another text in every body."""


def outline(value: Any, name: str = "") -> Hashable:
    """All that the rules look at in a value: of numbers their sign, of a prompt if it is too long.

    Only of a value that the field table finds right. Nearly all sessions of a project have one of
    a few outlines.
    """
    kind = type(value)
    if kind is str:
        return _outline_of_text(value, name)
    if kind is dict:
        return tuple([(inner, outline(below, inner)) for inner, below in value.items()])
    if kind is list:
        return tuple(value)
    if kind is int or kind is float:
        return float if value >= 0 else int  # types: no text and no flag is equal to them
    return bool(value) if kind is bool else None


def _outline_of_text(text: str, name: str) -> Hashable:
    if name != "prompt":
        return text
    return "" if len(text) <= PROMPT_LIMIT else len(text)


KINDS: tuple[Kind, ...] = (
    NO_TRANSCRIPTION,
    MISSING_MODEL,
    UNKNOWN_MODEL,
    MODEL_ENDS,
    FIELD_NOT_OF_MODEL,
    FIELD_DOUBTED_OF_MODEL,
    MODEL_NEEDS_NO_TURN_DETECTION,
    TURN_DETECTION_DOUBTED,
    TURN_DETECTION_LEFT_OUT,
    BAD_LANGUAGE,
    LANGUAGE_AND_LANGUAGES,
    LONG_PROMPT,
    BAD_KEYWORD,
    TURN_DETECTION_NEEDS_TYPE,
    FIELD_NOT_OF_TYPE,
    SEMANTIC_VAD_DOUBTED,
    NEGATIVE_DURATION,
    UNUSED_IN_TRANSCRIPTION,
    FIELD_TYPED_ONLY,
    NEGATIVE_STRENGTH,
    NO_PLACE,
)
