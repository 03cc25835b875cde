"""What there is to tell of one topic, in rows that a screen and the reference both show."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from voxmint.cli.display.pages import Row
from voxmint.cli.display.wording import pattern
from voxmint.cli.topics import fields_of
from voxmint.problems import Kind
from voxmint.profiles.explained import FieldEntry, either, takes
from voxmint.profiles.kinds import Group
from voxmint.profiles.models import TABLE, Answer, Model
from voxmint.profiles.rule_table import APIS, RuleRow, rows_of
from voxmint.profiles.rules import KINDS

if TYPE_CHECKING:
    from voxmint.profiles.keys import Key

_RULES = {kind.code: kind for kind in KINDS}
DOCS = "docs"
"""The folder of the pages that rows point at."""

# ── fields ───────────────────────────────────────────────────────────────────────────────────────


def field_rows(entry: FieldEntry) -> list[Row]:
    """All that is known of a field of the request."""
    field = entry.field
    sure = field.sure
    return [
        Row("takes", [takes(field)]),
        Row("known", [", ".join(field.known)]),
        Row("left out", [field.default and f"the server's default: {field.default}"]),
        Row("null", [field.null or "not taken"]),
        Row("goes with", [" or ".join(f"type: {one}" for one in field.variants)]),
        Row("models", list(_models(entry))),
        *(Row(api, [_placed(place)]) for api, place in sorted(entry.places.items())),
        Row("source", [field.source]),
        Row("sure", [f"{sure}: {sure.meaning}"]),
        Row("rules", list(_rules(entry))),
        Row("fields", [", ".join(inner.name for inner in field.fields)]),
        Row("example", [entry.example], is_code=True),
    ]


def _rules(entry: FieldEntry) -> Iterator[str]:
    """Each rule that looks at a field, with what it says of this one."""
    for code in entry.field.rules:
        kind = _RULES[code]
        rows = [row for row in rows_of(kind) if row.field.rpartition(".")[2] == entry.field.name]
        texts = dict.fromkeys(map(said_in, rows or _of_no_field(kind)))
        yield f"{code}: {'; '.join(texts or [pattern(kind.message)])}"


def _of_no_field(kind: Kind) -> list[RuleRow]:
    return [row for row in rows_of(kind) if not row.field]


def said_in(row: RuleRow) -> str:
    """What a rule of the API says, as one line of its table."""
    said = row.kind.message
    for name, fact in row.facts.items():
        said = said.replace(f"{{{name}}}", fact)
    return pattern(said)


def _placed(place: str | None) -> str:
    return "no place: it is left out" if place is None else place or "the root of the body"


def _models(entry: FieldEntry) -> Iterator[str]:
    """Which models take a field, those of one answer together."""
    if entry.at[0] != "session" or len(entry.at) == 1:
        return
    if entry.field.name in {"input_audio_transcription", "model"}:
        return
    if not entry.answers:
        yield "no difference between models is known"
    for answer in Answer:
        named = [model for model, given in entry.answers.items() if given is answer]
        if named:
            yield f"{answer}: " + ", ".join(_noted(name, entry.matter) for name in named)


def _noted(name: str, field: str) -> str:
    note = TABLE[name].notes.get(field)
    return f"{name} ({note})" if note else name


# ── keys of files ────────────────────────────────────────────────────────────────────────────────


def file_of(files: Sequence[str]) -> str:
    """Which files have a key, in words."""
    words = {"profile": "a profile", "environment": "an environment", "project": "voxmint.yaml"}
    return " or ".join(words[file] for file in files)


def key_rows(key: "Key") -> list[Row]:
    """All that is known of a key of a file."""
    return [
        Row("takes", [either(key.values) or key.type]),
        Row("goes with", [f"kind: {either(key.kinds)}" if key.kinds else ""]),
        Row("required", ["yes" if key.required else ""]),
        Row("default", [key.default]),
        Row("keys", [", ".join(key.within)]),
        Row("example", [key.example], is_code=True),
    ]


# ── models ───────────────────────────────────────────────────────────────────────────────────────

ENDS = "announced for 2027-02-26, by the types of the OpenAI Python SDK"


def model_rows(model: Model) -> list[Row]:
    """What a model takes, field by field."""
    rows = [Row(name, [model_cell(model, name)]) for name in model.takes]
    return [*rows, Row("end of life", [ENDS if model.ends else ""])]


def model_cell(model: Model, name: str) -> str:
    """Whether a model takes a field, with what there is to remark."""
    said, note = model.takes[name].value, model.notes.get(name)
    return f"{said} ({note})" if note else said


# ── problems ─────────────────────────────────────────────────────────────────────────────────────


def kind_rows(kind: Kind, group: Group) -> list[Row]:
    """What there is to know of a kind of problem beside what it is about."""
    sure = f"{kind.sure}: {kind.sure.meaning}" if kind.sure else ""
    fields = ", ".join(f"voxmint explain {path}" for path in fields_of(kind.code))
    page = f"{DOCS}/{group.page}" if group.page else ""
    return [
        Row("says", [pattern(kind.message)]),
        Row("hint", [pattern(hint) for hint in kind.hints]),
        *_reach(kind),
        Row("source", [kind.source]),
        Row("sure", [sure]),
        Row("more", [one for one in (fields, page) if one]),
    ]


def _reach(kind: Kind) -> list[Row]:
    """Which models a rule of the API speaks of, and of which endpoint, where it is not all."""
    rows = rows_of(kind)
    models = [
        f"{row.field}: {', '.join(row.models)}"
        if len(rows) > 1 and row.field
        else ", ".join(row.models)
        for row in rows
        if row.models
    ]
    apis = dict.fromkeys(
        f"{row.field}: {', '.join(row.apis)}" if len(rows) > 1 else ", ".join(row.apis)
        for row in rows
        if row.apis != APIS
    )
    return [Row("models", models), Row("endpoints", list(apis))]
