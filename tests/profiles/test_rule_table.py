"""The table of rules says of which models and endpoints each rule holds, as validating does."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.profiles.test_api_facts import FACTS, VALUES, detects, heard
from voxmint.origin import Path
from voxmint.profiles import rules, wording
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.check import check_field, check_request
from voxmint.profiles.explained import field_entries
from voxmint.profiles.fields import MODELS, REQUEST, TURN_DETECTION, Type
from voxmint.profiles.rule_table import APIS, RuleRow, field_rules, rows_of, rule_rows

ROWS = rule_rows()


def name_of(row: RuleRow) -> str:
    return f"{row.kind.code} {row.field} {row.sure}"


def found(met: dict[str, Any], api: str) -> set[tuple[str, str, str]]:
    """Each rule that a session goes against: its code, its field, and the type of detection."""
    session = {name: value for name, value in met.items() if name != "expires_after"}
    findings = check_request(session, met.get("expires_after"), FORMS[api].name)
    return {
        (one.kind.code, str(one.facts.get("field", "")), str(one.facts.get("type", "")))
        for one in findings
    }


def sessions() -> Iterator[dict[str, Any]]:
    """Sessions that go against every rule, with every model."""
    yield from (fact.met for fact in FACTS)
    for name in ("prefix_padding_ms", "silence_duration_ms"):
        yield detects(type="server_vad", **{name: -1})
    values = {"threshold": 0.5, "idle_timeout_ms": 6000, "eagerness": "low"}
    for kind in TURN_DETECTION.by_name["type"].values:
        for field in TURN_DETECTION.fields[1:]:
            yield detects(type=kind, **{field.name: values.get(field.name, 200)})
    for model in MODELS:
        for name, value in VALUES.items():
            yield heard(model=model, **{name: value})
        yield {**heard(model=model), "turn_detection": {"type": "server_vad"}}
        yield {"input_audio_transcription": {"model": model}}


def fits(row: RuleRow, met: dict[str, Any], one: tuple[str, str, str]) -> bool:
    """Whether what was found is of this row; a field is told by its last part."""
    code, field, kind = one
    model = (met.get("input_audio_transcription") or {}).get("model")
    return (
        row.kind.code == code
        and row.field.rpartition(".")[2] in ("", field)
        and row.facts.get("type", kind) == kind
        and (not row.models or model in row.models)
    )


def test_every_rule_has_a_row() -> None:
    assert list(dict.fromkeys(row.kind for row in ROWS)) == list(rules.KINDS)
    assert len({(row.kind, str(row.facts), row.models, row.apis) for row in ROWS}) == len(ROWS)


def test_what_is_found_stands_in_one_row_for_this_model_and_endpoint() -> None:
    codes = {kind.code for kind in rules.KINDS}
    for met in sessions():
        for api in APIS:
            for one in found(met, api):
                rows = [row for row in ROWS if fits(row, met, one) and api in row.apis]
                assert len(rows) == (one[0] in codes), (one, met)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_what_a_row_says_is_found_with_each_of_its_models_and_endpoints(row: RuleRow) -> None:
    """And nowhere else: an endpoint or a model that the row leaves out is never refused."""
    met = [
        (session, api)
        for session in sessions()
        for api in APIS
        if any(fits(row, session, one) for one in found(session, api))
    ]
    assert {api for _, api in met} == set(row.apis)
    named = {session["input_audio_transcription"]["model"] for session, _ in met if row.models}
    assert named == set(row.models)


def test_a_fact_is_as_sure_as_its_row() -> None:
    for fact in FACTS:
        for api, outcome in zip(
            ("transcription_sessions", "client_secrets"), fact[3:], strict=True
        ):
            for one in found(fact.met, api) if outcome else ():
                for row in ROWS:
                    if fits(row, fact.met, one) and api in row.apis and row.kind != rules.NO_PLACE:
                        assert row.sure is fact.sure, fact


def test_what_is_no_rule_of_the_api_has_no_row() -> None:
    assert rows_of(wording.UNKNOWN_KEY) == ()


WRONG: dict[Type, dict[str, Any]] = {
    Type.STRING: {"wrong-type": 7.5, "bad-value": "zzz"},
    Type.INTEGER: {"wrong-type": 7.5, "out-of-range": -(10**9)},
    Type.NUMBER: {"wrong-type": "7", "out-of-range": -(10**9)},
    Type.BOOLEAN: {"wrong-type": "true"},
    Type.ARRAY: {"wrong-type": "zzz", "wrong-item": [7], "bad-value": ["zzz"], "empty-list": []},
    Type.OBJECT: {"wrong-type": "zzz", "unknown-key": {"zzz": 7}},
}
"""What is wrong with a field of each type, by the code that says so."""


def test_every_field_has_its_row() -> None:
    assert [entry for entry, _ in field_rules()] == list(field_entries())
    for entry, kinds in field_rules():
        given = {**WRONG[entry.field.type], "null-not-taken": None}
        codes = {kind.code for kind in kinds}
        assert codes <= set(given)
        for code, value in given.items():
            said = {one.kind.code for one in check_field(nested(value, entry.at), REQUEST, ())}
            assert said == ({code} & codes), (entry.path, code)


def nested(value: Any, at: Path) -> Any:
    for part in reversed(at):
        value = {part: value}
    return value
