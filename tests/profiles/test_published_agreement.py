"""What the published schema refuses and what voxmint refuses, on thousands of bodies.

The schema is data of its day (`tests/data`). Where the two differ, a row of one of the two tables
below says why; a difference that no row explains fails, and so does a row that explains nothing.
"""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from tests.profiles.published import SCHEMAS
from tests.profiles.random_bodies import bodies
from voxmint.origin import Path, dotted
from voxmint.problems import Severity
from voxmint.profiles.bodies import FORMS, Form
from voxmint.profiles.check import check_request
from voxmint.profiles.languages import CODES

FLAT, NESTED = FORMS["transcription_sessions"], FORMS["client_secrets"]
ROOTS = {
    FLAT.name: "RealtimeTranscriptionSessionCreateRequest",
    NESTED.name: "RealtimeCreateClientSecretRequest",
}
SEED = 20260821
UNPLACED = "unplaced"
"""What a body says that no profile can: a code of the tests' own."""


class Refusal(NamedTuple):
    """One reason for which voxmint refuses a body: its code, and the path in the profile's names.

    What is unplaced has its path in the body.
    """

    code: str
    path: Path
    form: Form


@cache
def validator(form: str) -> Draft202012Validator:
    root = {"$ref": f"#/components/schemas/{ROOTS[form]}", "components": {"schemas": SCHEMAS}}
    return Draft202012Validator(root)


def refusals(body: dict[str, Any], form: Form) -> list[Refusal]:
    """Why voxmint refuses a body; nothing where it does not."""
    request = form.read(body)
    found = [Refusal(UNPLACED, path, form) for path in request.unplaced]
    findings = check_request(request.session, request.expires_after, form.name)
    errors = [one for one in findings if one.kind.severity is Severity.ERROR]
    return [*found, *(Refusal(one.kind.code, one.path, form) for one in errors)]


# ── what voxmint refuses, and the schema does not ────────────────────────────────────────────────


class Stricter(NamedTuple):
    """Why voxmint refuses what the schema lets pass."""

    why: str
    fits: Callable[[Refusal, Any], bool]


_DETECTION = ("session", "turn_detection")
_PAGE_ONLY = ("eagerness", "idle_timeout_ms", "create_response", "interrupt_response")
_TYPES = ("wrong-type", "wrong-item", "bad-value", "out-of-range", "null-not-taken", "empty-list")


def coded(*codes: str) -> Callable[[Refusal, Any], bool]:
    return lambda refusal, _: refusal.code in codes


def _is_of_other_type(refusal: Refusal, _: Any) -> bool:
    return refusal.path[:2] == _DETECTION and refusal.form is NESTED and refusal.code in _TYPES


STRICTER = (
    Stricter(
        "The schema forbids no further keys; the service answers 400 to those it does not know.",
        lambda refusal, _: (
            refusal.code == "unknown-key"
            or (refusal.code == UNPLACED and refusal.path[-1] != "format")
        ),
    ),
    Stricter(
        "A threshold is 0.0 to 1.0 by the schema's prose.",
        lambda refusal, _: (
            refusal.code == "out-of-range" and refusal.path == (*_DETECTION, "threshold")
        ),
    ),
    Stricter("Languages are of ISO-639-1 by the schema's prose.", coded("bad-language")),
    Stricter(
        "The schema's prose says which models take languages, keywords, prompt and delay.",
        coded("field-not-of-model"),
    ),
    Stricter(
        "By the schema's prose gpt-realtime-whisper needs turn detection to be null.",
        coded("model-needs-no-turn-detection"),
    ),
    Stricter(
        "By the schema's prose the fields of turn detection are `used only for` one of its types.",
        coded("field-not-of-type"),
    ),
    Stricter(
        "A field of the other type is a further key to the schema, whatever its value is.",
        _is_of_other_type,
    ),
    Stricter(
        "The schema of the flat request lacks what the reference page and the SDK's types have; a "
        "wrong value of it is a further key to the schema.",
        lambda refusal, _: (
            refusal.form is FLAT
            and refusal.code in _TYPES
            and (
                refusal.path[:2] == ("session", "modalities")
                or refusal.path[0] == "expires_after"
                or refusal.path[2:3] in {(name,) for name in _PAGE_ONLY}
            )
        ),
    ),
    Stricter(
        "The SDK's types say that a strength is a number; to the schema it is a further key.",
        lambda refusal, _: refusal.code in _TYPES and refusal.path[-1] == "strength",
    ),
    Stricter(
        "To JSON Schema 300.0 is a whole number; it may not be one to the service.",
        lambda refusal, body: (
            refusal.code == "wrong-type" and isinstance(_at(body, refusal), float)
        ),
    ),
    Stricter(
        "Every key of an audio format is optional; without its type, or with a further key, it is "
        "none of the three formats.",
        lambda refusal, _: (
            refusal.code == UNPLACED and refusal.path == ("session", "audio", "input", "format")
        ),
    ),
)


def _at(body: Any, refusal: Refusal) -> Any:
    """The value in the body that a refusal is about."""
    for part in refusal.form.place(refusal.path) or ():
        body = body[part]
    return body


# ── what the schema refuses, and voxmint does not ────────────────────────────────────────────────


class Looser(NamedTuple):
    """Why voxmint takes what the schema refuses: the body as the schema would have it."""

    why: str
    forms: tuple[Form, ...]
    mended: Callable[[dict[str, Any]], None]


def _without_null(*path: str) -> Callable[[dict[str, Any]], None]:
    def mended(body: dict[str, Any]) -> None:
        owner: Any = body
        for part in path[:-1]:
            owner = owner.get(part) if isinstance(owner, dict) else None
        if isinstance(owner, dict) and path[-1] in owner and owner[path[-1]] is None:
            del owner[path[-1]]

    return mended


def _with_type(body: dict[str, Any]) -> None:
    if isinstance(body.get("session"), dict):
        body["session"].setdefault("type", "transcription")


def _without_semantic_vad(body: dict[str, Any]) -> None:
    detection = body.get("turn_detection")
    if isinstance(detection, dict) and detection.get("type") == "semantic_vad":
        del detection["type"]


_INPUT = ("session", "audio", "input")

LOOSER = (
    Looser(
        "By its prose null turns turn detection off, though the flat schema's type is an object.",
        (FLAT,),
        _without_null("turn_detection"),
    ),
    Looser(
        "By its prose null turns noise reduction off, though its type is an object.",
        (FLAT,),
        _without_null("input_audio_noise_reduction"),
    ),
    Looser(
        "By its prose null turns noise reduction off, though its type is an object (nested).",
        (NESTED,),
        _without_null(*_INPUT, "noise_reduction"),
    ),
    Looser(
        "By the nested schema's prose null turns transcription off, though its type is an object; "
        "a warning says that nothing is transcribed then.",
        (FLAT,),
        _without_null("input_audio_transcription"),
    ),
    Looser(
        "The same of transcription in the nested body.",
        (NESTED,),
        _without_null(*_INPUT, "transcription"),
    ),
    Looser(
        "The session's type can be one only, so voxmint always writes it, and reads a body that "
        "lacks it.",
        (NESTED,),
        _with_type,
    ),
    Looser(
        "The reference page of the flat endpoint and the SDK's types list semantic_vad, the schema "
        "does not: a warning.",
        (FLAT,),
        _without_semantic_vad,
    ),
)


def test_the_published_schema_is_that_of_its_day() -> None:
    """Its prose is what the rows above stand on: a newer one has to be read again."""
    flat = SCHEMAS[ROOTS[FLAT.name]]["properties"]
    prose = SCHEMAS["AudioTranscription"]["properties"]
    assert "Can be set to `null` to turn off" in flat["turn_detection"]["description"]
    assert "can be set to `null` to turn off" in flat["input_audio_noise_reduction"]["description"]
    assert "(0.0 to 1.0)" in flat["turn_detection"]["properties"]["threshold"]["description"]
    assert "Only supported with `gpt-realtime-whisper`" in prose["delay"]["description"]
    assert "excluding `gpt-4o-transcribe-diarize`" in prose["prompt"]["description"]
    assert "ISO-639-1" in prose["language"]["description"]
    for name in ("languages", "keywords"):
        said = "Supported by `gpt-transcribe` and `gpt-live-transcribe`."
        assert said in prose[name]["description"]


# ── the comparison ───────────────────────────────────────────────────────────────────────────────


class Outcome:
    """What came of many bodies."""

    def __init__(self) -> None:
        self.both_take = 0
        self.both_refuse = 0
        self.used: set[str] = set()
        self.unexplained: list[str] = []

    def look_at(self, body: dict[str, Any], form: Form) -> None:
        found = refusals(body, form)
        if not validator(form.name).is_valid(body):
            if found:
                self.both_refuse += 1
            else:
                self._looser(body, form)
            return
        self.both_take += not found
        for refusal in found:
            rows = [row.why for row in STRICTER if row.fits(refusal, body)]
            self.used.update(rows)
            if not rows:
                where = f"{refusal.code} at {dotted(refusal.path)}"
                self.unexplained.append(f"only voxmint refuses it, {where}: {body}")

    def _looser(self, body: dict[str, Any], form: Form) -> None:
        mended = copy.deepcopy(body)
        for row in LOOSER:
            if form in row.forms:
                before = copy.deepcopy(mended)
                row.mended(mended)
                if mended != before:
                    self.used.add(row.why)
        if not validator(form.name).is_valid(mended):
            errors = "; ".join(_errors(mended, form))
            self.unexplained.append(f"only the schema refuses it, {errors}: {body}")


def _errors(body: dict[str, Any], form: Form) -> Iterator[str]:
    for error in validator(form.name).iter_errors(body):
        yield f"{error.json_path}: {error.message[:80]}"


def compared(count: int) -> Outcome:
    """What comes of so many bodies of each endpoint."""
    outcome = Outcome()
    for form in (FLAT, NESTED):
        for body in bodies(ROOTS[form.name], SEED, count):
            outcome.look_at(body, form)
    return outcome


def test_they_agree_on_ten_thousand_bodies_and_every_row_is_needed() -> None:
    outcome = compared(5000)
    assert outcome.unexplained[:5] == []
    # Both verdicts are frequent, or the bodies would show nothing.
    assert outcome.both_take > 2000
    assert outcome.both_refuse > 4000
    assert {row.why for row in (*STRICTER, *LOOSER)} - outcome.used == set()


def test_a_code_of_iso_639_1_is_never_refused() -> None:
    for code in CODES:
        body = {"input_audio_transcription": {"model": "gpt-transcribe", "language": code}}
        assert refusals(body, FLAT) == []
