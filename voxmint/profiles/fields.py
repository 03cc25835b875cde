"""The request, field by field: meaning, type, values, bounds, unit, default and place.

This table is the one home of what a session may hold. Validation, the order of a body's keys, the
emulator, JSON Schema and the reference all read it. Names are those of the flat endpoint
(`POST /realtime/transcription_sessions`); where the nested endpoint (`POST
/realtime/client_secrets`) keeps a field is said in `voxmint.profiles.bodies`.

Sources: the published OpenAPI description, version 2.3.0 of 2026-08-21 ("published schema"); the
reference page of the flat endpoint, which also lists `modalities` and semantic detection; and,
where neither says it, the types of the OpenAI Python SDK.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from voxmint.problems import Sureness

FLAT = "flat"
NESTED = "nested"

SCHEMA = "published schema"
SDK = "the OpenAI Python SDK's types (3.54)"


class Type(StrEnum):
    """What kind of value a field takes, in the words of JSON Schema."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"

    @property
    def words(self) -> str:
        """The type as a message names it: `a text`."""
        return _WORDS[self]


_WORDS = MappingProxyType(
    {
        Type.STRING: "a text",
        Type.INTEGER: "a whole number",
        Type.NUMBER: "a number",
        Type.BOOLEAN: "true or false",
        Type.ARRAY: "a list",
        Type.OBJECT: "a map",
    }
)
_PLAIN_TYPES = MappingProxyType(
    {
        Type.STRING: frozenset((str,)),
        Type.INTEGER: frozenset((int,)),
        Type.NUMBER: frozenset((int, float)),
        Type.BOOLEAN: frozenset((bool,)),
        Type.ARRAY: frozenset((list,)),
        Type.OBJECT: frozenset((dict,)),
    }
)


class _Row(NamedTuple):
    """A field as the table has it.

    `values` closes what a text (or the items of a list) may be; `known` only lists what is known
    of an open one. `forms` are the bodies that have a place for the field. `variants` are the
    values of the sibling `type` that the field belongs to; none means all of them. `source` names
    where the field is documented, `sure` how sure that is. `example` is a value as a profile writes
    it, and `rules` are the codes of the rules that look at the field.
    """

    name: str
    type: Type
    about: str
    values: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    min_items: int = 0
    unit: str = ""
    default: str = ""
    null: str = ""
    forms: tuple[str, ...] = (FLAT, NESTED)
    variants: tuple[str, ...] = ()
    fields: tuple["Field", ...] = ()
    source: str = SCHEMA
    sure: Sureness = Sureness.PUBLISHED
    example: str = ""
    rules: tuple[str, ...] = ()


class Field(_Row):
    """One field of the request, and what follows from its row."""

    @cached_property
    def accepts(self) -> frozenset[Any]:
        """The types of plain values that the field takes, null aside."""
        return _PLAIN_TYPES[self.type]

    @cached_property
    def is_open(self) -> bool:
        """Whether every value of the right type is right. Never a list: its items have types."""
        if self.type is Type.ARRAY:
            return False
        return not (self.values or self.fields or self.minimum is not None)

    @property
    def nullable(self) -> bool:
        """Whether `null` is a value of the field; `null` says what it means."""
        return bool(self.null)

    @cached_property
    def by_name(self) -> MappingProxyType[str, "Field"]:
        """The fields below this one."""
        return MappingProxyType({field.name: field for field in self.fields})

    @cached_property
    def variants_of_type(self) -> MappingProxyType[str, frozenset[str]]:
        """For each value of the field `type` below this one, the names that go with it."""
        return MappingProxyType(
            {
                variant: frozenset(
                    field.name
                    for field in self.fields
                    if not field.variants or variant in field.variants
                )
                for variant in self.by_name["type"].values
            }
        )


SERVER_VAD = "server_vad"
SEMANTIC_VAD = "semantic_vad"

MODELS = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
    "gpt-realtime-whisper",
    "gpt-transcribe",
    "gpt-live-transcribe",
)

TRANSCRIPTION = Field(
    "input_audio_transcription",
    Type.OBJECT,
    "How the audio is turned into text. The language and the prompt guide the model.",
    null="no transcription at all",
    default="off",
    example="{model: gpt-transcribe, language: de}",
    rules=("no-transcription", "missing-model"),
    fields=(
        Field(
            "model",
            Type.STRING,
            "The model that transcribes. On Azure the name of its deployment is sent in its place: "
            "`provider.deployments` maps it.",
            known=MODELS,
            source="published schema; that a request needs it, a single report",
            example="gpt-transcribe",
            rules=("missing-model", "unknown-model", "model-ends"),
        ),
        Field(
            "language",
            Type.STRING,
            "The language of the audio, in ISO-639-1. It improves accuracy and latency.",
            default="detected by the model",
            example="de",
            rules=("bad-language", "language-and-languages", "field-doubted-of-model"),
        ),
        Field(
            "languages",
            Type.ARRAY,
            "The possible languages of the audio, in ISO-639-1.",
            min_items=1,
            default="detected by the model",
            example="[de, fr]",
            rules=("bad-language", "language-and-languages", "field-not-of-model"),
        ),
        Field(
            "prompt",
            Type.STRING,
            "Guides the model's style or continues earlier audio: for whisper-1 a list of "
            "keywords, for the gpt-4o-transcribe models free text.",
            unit="characters",
            default="none",
            example="Expect words related to cardiology.",
            rules=("long-prompt", "field-not-of-model"),
        ),
        Field(
            "keywords",
            Type.ARRAY,
            "Words or phrases that the audio may contain. Servers do not repeat them.",
            default="none",
            example="[metoprolol, Nordlys]",
            rules=("bad-keyword", "field-not-of-model"),
        ),
        Field(
            "delay",
            Type.STRING,
            "How long the model waits before it gives text. More delay can be more accurate.",
            values=("minimal", "low", "medium", "high", "xhigh"),
            default="the model's own",
            example="low",
            rules=("field-not-of-model", "field-doubted-of-model"),
        ),
    ),
)

NOISE_REDUCTION = Field(
    "input_audio_noise_reduction",
    Type.OBJECT,
    "Filters the audio before it is looked at for speech and transcribed.",
    null="noise reduction is off",
    default="off",
    example="{type: far_field}",
    fields=(
        Field(
            "type",
            Type.STRING,
            "near_field for microphones close to the mouth, such as headphones; far_field for "
            "laptops and conference rooms.",
            values=("near_field", "far_field"),
            example="far_field",
        ),
        Field(
            "strength",
            Type.NUMBER,
            "How strongly noise is suppressed: the higher, the more. No source says its range.",
            default="1",
            source=f"{SDK}, of the nested body alone",
            sure=Sureness.TYPED,
            example="0.8",
            rules=("no-place", "field-typed-only", "negative-strength"),
            forms=(NESTED,),
        ),
    ),
)

TURN_DETECTION = Field(
    "turn_detection",
    Type.OBJECT,
    "How the server decides that somebody has begun and finished speaking.",
    null="no detection: the client says where a turn ends",
    default="server_vad, threshold 0.5, prefix padding 300 ms; its silence is 200 ms in the "
    "published examples and in what servers answer, 500 ms in the field's description",
    example="null",
    rules=(
        "turn-detection-needs-type",
        "model-needs-no-turn-detection",
        "turn-detection-doubted",
        "turn-detection-left-out",
    ),
    fields=(
        Field(
            "type",
            Type.STRING,
            "server_vad goes by the volume of the audio, semantic_vad by what is said.",
            values=(SERVER_VAD, SEMANTIC_VAD),
            default=SERVER_VAD,
            source="published schema (nested); the flat one lists server_vad alone",
            example="server_vad",
            rules=("turn-detection-needs-type", "field-not-of-type", "semantic-vad-doubted"),
        ),
        Field(
            "threshold",
            Type.NUMBER,
            "How loud the audio must be to count as speech; higher suits noisy rooms.",
            minimum=0,
            maximum=1,
            default="0.5",
            example="0.6",
            rules=("field-not-of-type",),
            variants=(SERVER_VAD,),
        ),
        Field(
            "prefix_padding_ms",
            Type.INTEGER,
            "How much audio from before the detected speech is kept.",
            unit="milliseconds",
            default="300",
            example="500",
            rules=("field-not-of-type", "negative-duration"),
            variants=(SERVER_VAD,),
        ),
        Field(
            "silence_duration_ms",
            Type.INTEGER,
            "How long a silence ends the turn; shorter answers sooner, and may cut in.",
            unit="milliseconds",
            default="200 in the published examples, 500 in the description: rely on neither",
            sure=Sureness.DISPUTED,
            example="400",
            rules=("field-not-of-type", "negative-duration"),
            variants=(SERVER_VAD,),
        ),
        Field(
            "idle_timeout_ms",
            Type.INTEGER,
            "After how long a silence the server acts by itself.",
            minimum=5000,
            maximum=30000,
            unit="milliseconds",
            null="no timeout",
            default="none",
            source="published schema (nested); the flat one has no such field",
            example="10000",
            rules=("no-place", "field-not-of-type"),
            forms=(NESTED,),
            variants=(SERVER_VAD,),
        ),
        Field(
            "eagerness",
            Type.STRING,
            "How readily the model takes a turn for finished; auto is medium.",
            values=("low", "medium", "high", "auto"),
            default="auto",
            example="low",
            rules=("field-not-of-type", "semantic-vad-doubted"),
            variants=(SEMANTIC_VAD,),
        ),
        Field(
            "create_response",
            Type.BOOLEAN,
            "Whether a turn's end makes a response; not available for transcription sessions.",
            default="true",
            source="published schema; its absence here, the reference page of the flat endpoint",
            example="false",
            rules=("unused-in-transcription",),
        ),
        Field(
            "interrupt_response",
            Type.BOOLEAN,
            "Whether speech interrupts a response; not available for transcription sessions.",
            default="true",
            source="published schema; its absence here, the reference page of the flat endpoint",
            example="false",
            rules=("unused-in-transcription",),
        ),
    ),
)

SESSION = Field(
    "session",
    Type.OBJECT,
    "The transcription session, in the names of the flat endpoint.",
    fields=(
        Field(
            "modalities",
            Type.ARRAY,
            "What the model can respond with; `[text]` turns audio off.",
            values=("text", "audio"),
            forms=(FLAT,),
            source="reference page of the flat endpoint; published schema of its answer",
            example="[text]",
            rules=("no-place",),
        ),
        Field(
            "input_audio_format",
            Type.STRING,
            "The audio's format. pcm16 is 16-bit PCM, 24 kHz, mono, little-endian.",
            values=("pcm16", "g711_ulaw", "g711_alaw"),
            default="pcm16",
            example="g711_ulaw",
        ),
        TRANSCRIPTION,
        NOISE_REDUCTION,
        TURN_DETECTION,
        Field(
            "include",
            Type.ARRAY,
            "What the server's events carry besides the text.",
            values=("item.input_audio_transcription.logprobs",),
            default="nothing more",
            example="[item.input_audio_transcription.logprobs]",
        ),
    ),
)

_LIFETIME = "published schema (nested); for the flat endpoint the OpenAI Python SDK's types alone"

EXPIRES_AFTER = Field(
    "expires_after",
    Type.OBJECT,
    "How long the token lives. A session that was opened with it may outlive it.",
    default="600 seconds",
    source=_LIFETIME,
    example="{seconds: 120}",
    fields=(
        Field(
            "anchor",
            Type.STRING,
            "The moment from which the lifetime counts.",
            values=("created_at",),
            default="created_at",
            source=_LIFETIME,
            example="created_at",
        ),
        Field(
            "seconds",
            Type.INTEGER,
            "The token's lifetime.",
            minimum=10,
            maximum=7200,
            unit="seconds",
            default="600",
            source=_LIFETIME,
            example="120",
        ),
    ),
)

REQUEST = Field(
    "request",
    Type.OBJECT,
    "What a profile says of the request.",
    fields=(SESSION, EXPIRES_AFTER),
)
"""The root of what is laid over each other and sent."""


def unions_below(field: Field, path: tuple[str, ...] = ()) -> Mapping[tuple[str, ...], Field]:
    """The fields below this one that are one of several things, told apart by `type`.

    By their paths, a field before those below it.
    """
    found: dict[tuple[str, ...], Field] = {}
    for inner in field.fields:
        below = (*path, inner.name)
        if any(one.variants for one in inner.fields):
            found[below] = inner
        found |= unions_below(inner, below)
    return found


UNIONS: Mapping[tuple[str, ...], Field] = MappingProxyType(unions_below(REQUEST))
"""The unions of a request: in these a change of `type` lets inherited fields fall away."""
