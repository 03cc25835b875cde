"""The reference page of the rules: one table, a row for each."""

from collections.abc import Iterator

from voxmint.cli.display.wording import pattern
from voxmint.cli.formats.explain_markdown import page, table
from voxmint.cli.formats.explain_rows import said_in
from voxmint.problems import Kind, Sureness
from voxmint.profiles import wording
from voxmint.profiles.explained import FieldEntry, takes
from voxmint.profiles.rule_table import APIS, RuleRow, field_rules, rule_rows

_HEADS = ("rule", "severity", "what", "models", "endpoints", "source", "sure")
_OF_PROVIDERS = (
    (wording.MODEL_NOT_DEPLOYED, "azure"),
    (wording.ENDPOINT_RETIRED, "openai"),
    (wording.ENDPOINT_NOT_ON_AZURE, "azure"),
)
"""What is known of a kind of provider, rather than of a body."""


def rules_page() -> str:
    """The page of the rules that a request is held to."""
    return page(
        "Rules",
        "All that a request is held to, one rule in each row: first the fields, then what goes "
        "beyond a single one, then what differs between providers. What the published schema or "
        "its prose says, and no report contradicts, is an error; what rests on reports alone, or "
        "on types, or is in doubt, is a warning that says why.",
        ("", *table(_HEADS, [*_fields(), *map(_rule, rule_rows()), *_providers()])),
    )


def _fields() -> Iterator[list[str]]:
    for entry, kinds in field_rules():
        yield [
            ", ".join(map(_link, kinds)),
            "error",
            f"`{entry.path}`: {_taken(entry)}",
            "all",
            _endpoints(tuple(api for api in APIS if entry.places[api] is not None)),
            entry.field.source,
            _sureness(entry),
        ]


def _taken(entry: FieldEntry) -> str:
    """What a field takes, null included."""
    field = entry.field
    null = f"null: {field.null}" if field.nullable else "null is not taken"
    return f"{takes(field)}; {null}"


def _sureness(entry: FieldEntry) -> str:
    """How sure it is what a field takes. What is disputed of one is its default."""
    typed = entry.field.sure is Sureness.TYPED
    return Sureness.TYPED.value if typed else Sureness.PUBLISHED.value


def _rule(row: RuleRow) -> list[str]:
    return [
        _link(row.kind),
        row.kind.severity.value,
        said_in(row),
        ", ".join(row.models) or "all",
        _endpoints(row.apis),
        row.source,
        row.sure.value,
    ]


def _providers() -> Iterator[list[str]]:
    for kind, provider in _OF_PROVIDERS:
        apis = APIS if kind is wording.MODEL_NOT_DEPLOYED else ("transcription_sessions",)
        yield [
            _link(kind),
            kind.severity.value,
            f"`{provider}`: {pattern(kind.message)}",
            "all",
            _endpoints(apis),
            kind.source,
            kind.sure.value if kind.sure else "",
        ]


def _link(kind: Kind) -> str:
    return f"[{kind.code}](problems.md#{kind.code})"


def _endpoints(apis: tuple[str, ...]) -> str:
    return "both" if apis == APIS else ", ".join(apis)
