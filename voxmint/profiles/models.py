"""What is known of each transcription model: which fields it takes, and how sure that is.

Sources: the published schema's prose ("published schema"), and reports from real traffic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from voxmint.profiles.fields import MODELS


class Answer(StrEnum):
    """Whether a model takes a field. `NO` rests on the published schema, uncontradicted."""

    YES = "yes"
    NO = "no"
    REPORTED_NO = "reported no"
    UNSURE = "unsure"
    DISPUTED = "disputed"


_GUIDED: Mapping[str, Answer] = MappingProxyType(
    {
        "language": Answer.YES,
        "languages": Answer.NO,
        "prompt": Answer.YES,
        "keywords": Answer.NO,
        "delay": Answer.NO,
        "turn_detection": Answer.YES,
    }
)
_MANY_LANGUAGES: Mapping[str, Answer] = MappingProxyType(
    {**_GUIDED, "languages": Answer.YES, "keywords": Answer.YES}
)


@dataclass(frozen=True, slots=True)
class Model:
    """One model's row; `takes` answers for each field that differs between models."""

    name: str
    takes: Mapping[str, Answer] = field(default_factory=lambda: _GUIDED)
    ends: bool = False
    """Whether an end of life on 2027-02-26 was announced (one report, second hand)."""


def _row(name: str, base: Mapping[str, Answer], ends: bool = False, **other: Answer) -> Model:
    return Model(name, MappingProxyType({**base, **other}), ends)


_ROWS = (
    _row("whisper-1", _GUIDED, ends=True),
    _row("gpt-4o-transcribe", _GUIDED, ends=True),
    _row("gpt-4o-mini-transcribe", _GUIDED, ends=True),
    _row("gpt-4o-mini-transcribe-2025-12-15", _GUIDED, ends=True),
    _row(
        "gpt-4o-transcribe-diarize",
        _GUIDED,
        ends=True,
        language=Answer.UNSURE,
        prompt=Answer.NO,
        turn_detection=Answer.REPORTED_NO,
    ),
    _row(
        "gpt-realtime-whisper",
        _GUIDED,
        prompt=Answer.NO,
        delay=Answer.YES,
        turn_detection=Answer.NO,
    ),
    _row("gpt-transcribe", _MANY_LANGUAGES),
    _row(
        "gpt-live-transcribe",
        _MANY_LANGUAGES,
        delay=Answer.DISPUTED,
        turn_detection=Answer.REPORTED_NO,
    ),
)

TABLE: Mapping[str, Model] = MappingProxyType({row.name: row for row in _ROWS})
assert tuple(TABLE) == MODELS, "each known model has its row"  # noqa: S101  # a table's own check


def model_of(name: object) -> Model | None:
    """The model's row. A dated `gpt-4o-…-transcribe-YYYY-MM-DD` has that of its family."""
    if not isinstance(name, str):
        return None
    if name in TABLE:
        return TABLE[name]
    family = name[:-11]
    dated = len(name) > 11 and name[-11] == "-" and name[-10:].replace("-", "").isdigit()
    return TABLE.get(family) if dated else None
