"""The fields of the request as `explain` and the reference tell of them: one entry for each.

An entry says where each body keeps the field, which models take it, and how a profile writes it,
all from the tables that compiling goes by.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from voxmint.origin import Path
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.fields import REQUEST, Field, Type
from voxmint.profiles.models import TABLE, Answer

_DETECTION = "turn_detection"


@dataclass(frozen=True, slots=True)
class FieldEntry:
    """A field with its path in a profile, such as `("session", "turn_detection", "type")`."""

    at: Path
    field: Field

    @property
    def path(self) -> str:
        """The path as a person gives it, without `session.`: `turn_detection.type`."""
        return ".".join(
            map(str, self.at[1:] if self.at[1:] and self.at[0] == "session" else self.at)
        )

    @property
    def places(self) -> Mapping[str, str | None]:
        """Where the body of each endpoint keeps it: empty for its root, `None` for no place."""
        if self.at == ("session",):
            return {"transcription_sessions": "", "client_secrets": "session"}
        return {api: _place(api, self.at) for api in FORMS}

    @property
    def answers(self) -> Mapping[str, Answer]:
        """Whether each known model takes it; empty where the models do not differ."""
        name = self.matter
        return {model: row.takes[name] for model, row in TABLE.items() if name in row.takes}

    @property
    def matter(self) -> str:
        """The word under which the table of models speaks of it, if it does."""
        match self.at:
            case ("session", "input_audio_transcription", str(name)):
                return name
            case ("session", "turn_detection", *_):
                return _DETECTION
            case _:
                return ""

    @property
    def example(self) -> str:
        """A line of a profile that sets it; empty for the session as a whole."""
        if not self.field.example:
            return ""
        written = {**self._beside(), self.field.name: self.field.example}
        text = ", ".join(f"{name}: {value}" for name, value in written.items())
        for name in reversed(self.at[:-1]):
            text = f"{name}: {{{text}}}"
        return text

    def _beside(self) -> Mapping[str, str]:
        """What has to stand beside the field for the line to be right."""
        if self.field.variants:
            return {"type": self.field.variants[0]}
        if self.field.name in {"create_response", "interrupt_response"}:
            return {"type": "server_vad"}
        if self.matter and self.matter != _DETECTION and self.field.name != "model":
            return {"model": self._a_model()}
        return {}

    def _a_model(self) -> str:
        """One that takes the field and has no announced end, best with turn detection."""
        able = [name for name, answer in self.answers.items() if answer is Answer.YES]
        lasting = [name for name in able if not TABLE[name].ends]
        return min(lasting, key=lambda name: TABLE[name].takes[_DETECTION] is not Answer.YES)


def _place(api: str, at: Path) -> str | None:
    place = FORMS[api].place(at)
    return None if place is None else ".".join(map(str, place))


@cache
def field_entries() -> tuple[FieldEntry, ...]:
    """Every field, in the order of the request, each before what stands below it."""
    return tuple(_below(REQUEST, ()))


def _below(owner: Field, at: Path) -> Iterator[FieldEntry]:
    for field in owner.fields:
        yield FieldEntry((*at, field.name), field)
        yield from _below(field, (*at, field.name))


def either(words: Sequence[str]) -> str:
    """The words as a choice: `a, b or c`."""
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)


def takes(field: Field) -> str:
    """What a field takes, in words: `a whole number of seconds, 10 to 7200`."""
    if field.values:
        choice = either(field.values)
        return f"a list, each item {choice}" if field.type is Type.ARRAY else choice
    text = "a list of texts" if field.type is Type.ARRAY else field.type.words
    if field.min_items:
        text += f", {field.min_items} at least"
    if field.unit and field.type in {Type.INTEGER, Type.NUMBER}:
        text += f" of {field.unit}"
    return text if field.minimum is None else f"{text}, {field.minimum} to {field.maximum}"
