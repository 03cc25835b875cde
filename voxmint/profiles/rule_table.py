"""The rules of the API as one table: what each says, of which models and endpoints, and its source.

Made from the fields, the models, the bodies and the kinds of problems, for `explain` and the
reference. A rule that differs between models or fields has a row for each difference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from voxmint.problems import Kind, Sureness
from voxmint.profiles import rules, wording
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.explained import FieldEntry, field_entries
from voxmint.profiles.fields import FLAT, NESTED, TURN_DETECTION, Field, Type
from voxmint.profiles.models import TABLE, Answer, Model

APIS: tuple[str, ...] = tuple(sorted(FORMS))


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule: a kind of problem, for these models and endpoints.

    Without `models` it holds whatever the model is. `facts` stand in the kind's message; `field` is
    the one that the rule is about, where the kind has a row for each.
    """

    kind: Kind
    source: str
    sure: Sureness
    facts: Mapping[str, str]
    models: tuple[str, ...] = ()
    apis: tuple[str, ...] = APIS

    @property
    def field(self) -> str:
        return self.facts.get("field", "")


_FORM_OF: Mapping[str, str] = MappingProxyType(
    {
        rules.TURN_DETECTION_NEEDS_TYPE.code: NESTED,
        rules.SEMANTIC_VAD_DOUBTED.code: FLAT,
        rules.FIELD_TYPED_ONLY.code: NESTED,
        rules.NEGATIVE_STRENGTH.code: NESTED,
    }
)
"""The form of the body that a rule is about, where it is about one."""

_FACTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        rules.LONG_PROMPT.code: {"limit": str(rules.PROMPT_LIMIT)},
        rules.BAD_KEYWORD.code: {"character": "`<`, `>` or a line break"},
        rules.FIELD_TYPED_ONLY.code: {"field": "input_audio_noise_reduction.strength"},
        rules.TURN_DETECTION_LEFT_OUT.code: {"takes": "takes, or is reported to take,"},
    }
)
"""What stands in the message of a rule with one row, beside names and values of the files."""

_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        rules.NEGATIVE_DURATION.code: ("prefix_padding_ms", "silence_duration_ms"),
        rules.UNUSED_IN_TRANSCRIPTION.code: ("create_response", "interrupt_response"),
    }
)
"""The fields of turn detection that a rule is about."""

_BY_ANSWER: Mapping[str, frozenset[Answer]] = MappingProxyType(
    {
        rules.FIELD_NOT_OF_MODEL.code: frozenset({Answer.NO}),
        rules.FIELD_DOUBTED_OF_MODEL.code: frozenset({Answer.UNSURE, Answer.DISPUTED}),
    }
)
_BY_DETECTION: Mapping[str, frozenset[Answer]] = MappingProxyType(
    {
        rules.MODEL_NEEDS_NO_TURN_DETECTION.code: frozenset({Answer.NO}),
        rules.TURN_DETECTION_DOUBTED.code: frozenset({Answer.REPORTED_NO}),
        rules.TURN_DETECTION_LEFT_OUT.code: frozenset({Answer.NO, Answer.REPORTED_NO}),
    }
)
"""The answers of the table of models that a rule speaks of."""


def field_rules() -> Iterator[tuple[FieldEntry, tuple[Kind, ...]]]:
    """Each field with the kinds of problems by which its type, values and range are held."""
    for entry in field_entries():
        yield entry, tuple(_held_by(entry.field))


def _held_by(field: Field) -> Iterator[Kind]:
    if field.type is Type.OBJECT:
        yield wording.UNKNOWN_KEY
    yield wording.WRONG_TYPE
    if field.type is Type.ARRAY:
        yield wording.WRONG_ITEM
    if field.min_items:
        yield wording.EMPTY_LIST
    if field.values:
        yield wording.BAD_VALUE
    if field.minimum is not None:
        yield wording.OUT_OF_RANGE
    if not field.nullable:
        yield wording.NULL_NOT_TAKEN


def rule_rows() -> tuple[RuleRow, ...]:
    """Every rule beyond single fields, in the order of the rules."""
    return tuple(row for kind in rules.KINDS for row in rows_of(kind))


def rows_of(kind: Kind) -> tuple[RuleRow, ...]:
    """The rows of one kind of problem; none where it is no rule of the API."""
    if kind.sure is None or kind not in rules.KINDS:
        return ()
    if kind.code in _BY_ANSWER:
        return tuple(_of_models(kind, _BY_ANSWER[kind.code]))
    if kind.code in _BY_DETECTION:
        return tuple(_of_detection(kind, kind.sure))
    if kind is rules.NO_PLACE:
        return tuple(_without_place())
    if kind is rules.FIELD_NOT_OF_TYPE:
        return tuple(_of_types(kind, kind.sure))
    models = tuple(name for name, one in TABLE.items() if _is_of(kind, one))
    fields: list[Mapping[str, str]] = [{"field": name} for name in _FIELDS.get(kind.code, ())]
    return tuple(
        RuleRow(kind, kind.source, kind.sure, facts, models, _apis(kind))
        for facts in fields or [_FACTS.get(kind.code, {})]
    )


def _is_of(kind: Kind, model: Model) -> bool:
    """Whether a rule with one row speaks of this model: none of all is all of them."""
    if kind is rules.LANGUAGE_AND_LANGUAGES:
        return model.takes["languages"] is Answer.YES
    return kind is rules.MODEL_ENDS and model.ends


def _apis(kind: Kind) -> tuple[str, ...]:
    form = _FORM_OF.get(kind.code)
    return tuple(api for api in APIS if form in (None, FORMS[api].name))


def _of_models(kind: Kind, answers: frozenset[Answer]) -> Iterator[RuleRow]:
    """A row for each field, with the models that answer so; a doubt says for itself why."""
    for name in next(iter(TABLE.values())).takes:
        models = [one for one in TABLE.values() if one.takes[name] in answers]
        if name == "turn_detection" or not models:
            continue
        said = "; ".join(dict.fromkeys(filter(None, (one.notes.get(name) for one in models))))
        source = kind.source if kind is rules.FIELD_NOT_OF_MODEL else said
        sure = models[0].sureness(name)
        yield RuleRow(kind, source, sure, {"field": name}, tuple(one.name for one in models))


def _of_detection(kind: Kind, sure: Sureness) -> Iterator[RuleRow]:
    """A row for each sureness with which models are said to take no turn detection."""
    facts, answers = _FACTS.get(kind.code, {}), _BY_DETECTION[kind.code]
    by_sureness: dict[Sureness, tuple[str, ...]] = {}
    for model in TABLE.values():
        if model.takes["turn_detection"] in answers:
            own = model.sureness("turn_detection") if kind is rules.TURN_DETECTION_DOUBTED else sure
            by_sureness[own] = (*by_sureness.get(own, ()), model.name)
    for own, models in by_sureness.items():
        source = rules.ONE_REPORT if own is Sureness.REPORTED else kind.source
        yield RuleRow(kind, source, own, facts, models)


def _without_place() -> Iterator[RuleRow]:
    """A row for each field that one of the bodies has no place for."""
    kind, known = rules.NO_PLACE, (Sureness.PUBLISHED, Sureness.TYPED)
    for entry in field_entries():
        for api in APIS:
            if entry.places[api] is None:
                sure = known[entry.field.sure is Sureness.TYPED]
                facts = {"field": entry.path, "api": api}
                yield RuleRow(kind, entry.field.source, sure, facts, (), (api,))


def _of_types(kind: Kind, sure: Sureness) -> Iterator[RuleRow]:
    """A row for each field of turn detection that one of its types does not have."""
    for variant, own in TURN_DETECTION.variants_of_type.items():
        facts = {"owner": "turn detection", "type": variant}
        for field in TURN_DETECTION.fields:
            if field.name not in own:
                yield RuleRow(kind, kind.source, sure, {**facts, "field": field.name})
