"""What is known of each transcription model: which fields it takes, and how sure that is.

Sources: the published schema's prose ("published schema"), and reports from real traffic.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from voxmint.problems import Sureness
from voxmint.profiles.fields import MODELS


class Answer(StrEnum):
    """Whether a model takes a field. `NO` rests on the published schema, uncontradicted."""

    YES = "yes"
    NO = "no"
    REPORTED_NO = "reported no"
    UNSURE = "unsure"
    DISPUTED = "disputed"

    @property
    def sure(self) -> Sureness:
        """How sure such an answer usually is."""
        return _SURENESS[self]


_SURENESS = MappingProxyType(
    {
        Answer.YES: Sureness.PUBLISHED,
        Answer.NO: Sureness.PUBLISHED,
        Answer.REPORTED_NO: Sureness.SEEN,
        Answer.UNSURE: Sureness.DISPUTED,
        Answer.DISPUTED: Sureness.DISPUTED,
    }
)

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


class Model(NamedTuple):
    """One model's row; `takes` answers for each field that differs between models."""

    name: str
    takes: Mapping[str, Answer]
    ends: bool
    """Whether an end of life on 2027-02-26 was announced (by the SDK's types)."""
    about: str
    notes: Mapping[str, str]
    """What an answer alone does not say, by field."""
    sources: Mapping[str, Sureness]
    """How sure an answer is, where that is not as usual."""

    def sureness(self, name: str) -> Sureness:
        """How sure the answer for a field is."""
        return self.sources.get(name, self.takes[name].sure)


_NO_NOTES: Mapping[str, str] = MappingProxyType({})
_NO_SOURCES: Mapping[str, Sureness] = MappingProxyType({})


def _row(
    name: str,
    base: Mapping[str, Answer],
    ends: bool = False,
    about: str = "",
    notes: Mapping[str, str] = _NO_NOTES,
    sources: Mapping[str, Sureness] = _NO_SOURCES,
    **other: Answer,
) -> Model:
    return Model(name, MappingProxyType({**base, **other}), ends, about, notes, sources)


_BESIDE = "not beside languages"
_ALSO_SEEN = "seen in real traffic, too"


_ROWS = (
    _row("whisper-1", _GUIDED, ends=True, notes={"prompt": "a list of keywords"}),
    _row("gpt-4o-transcribe", _GUIDED, ends=True),
    _row("gpt-4o-mini-transcribe", _GUIDED, ends=True),
    _row(
        "gpt-4o-mini-transcribe-2025-12-15",
        _GUIDED,
        ends=True,
        about="A dated version of gpt-4o-mini-transcribe.",
    ),
    _row(
        "gpt-4o-transcribe-diarize",
        _GUIDED,
        ends=True,
        about="It tells speakers apart, and labels what each says.",
        notes={
            "language": "no source says it",
            "turn_detection": "a single report, of realtime sessions",
        },
        sources={"turn_detection": Sureness.REPORTED},
        language=Answer.UNSURE,
        prompt=Answer.NO,
        turn_detection=Answer.REPORTED_NO,
    ),
    _row(
        "gpt-realtime-whisper",
        _GUIDED,
        notes={
            "prompt": _ALSO_SEEN,
            "turn_detection": f"turn_detection must be null; {_ALSO_SEEN}",
        },
        prompt=Answer.NO,
        delay=Answer.YES,
        turn_detection=Answer.NO,
    ),
    _row("gpt-transcribe", _MANY_LANGUAGES, notes={"language": _BESIDE}),
    _row(
        "gpt-live-transcribe",
        _MANY_LANGUAGES,
        notes={
            "language": _BESIDE,
            "delay": "seen in real traffic; the published schema names gpt-realtime-whisper alone",
            "turn_detection": "turn_detection must be null; seen by several users",
        },
        delay=Answer.DISPUTED,
        turn_detection=Answer.REPORTED_NO,
    ),
)

TABLE: Mapping[str, Model] = MappingProxyType({row.name: row for row in _ROWS})
assert tuple(TABLE) == MODELS, "each known model has its row"  # noqa: S101  # a table's own check


def model_of(name: object) -> Model | None:
    """The model's row. A dated one, as `gpt-4o-transcribe-YYYY-MM-DD`, has that of its family."""
    if not isinstance(name, str):
        return None
    if name in TABLE:
        return TABLE[name]
    dated = re.fullmatch(_DATED, name)
    return TABLE.get(dated[1]) if dated else None


_DATED = r"(.+)-[0-9]{4}-[0-9]{2}-[0-9]{2}"
