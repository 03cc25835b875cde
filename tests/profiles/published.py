"""Bodies that the published schema allows, as hypothesis draws them."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

SCHEMAS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data/openapi-excerpt.json").read_text("utf-8")
)["components"]["schemas"]

NULLABLE = frozenset({"turn_detection", "noise_reduction", "input_audio_noise_reduction"})
"""Fields of which the schema's prose says that null turns them off."""

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["no", "on", "0123", "null", "1e3", "{{ x }}", "{% raw %}", "{#", "a: b #c", "x\ny\n", "\r\n"]
)

SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "null": st.none(),
    "number": st.floats(0, 1) | st.integers(0, 1),
    "string": TEXTS,
}


def drawn(schema: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    """A strategy for what a schema allows; `name` is that of the property it stands under."""
    strategy = _plain(schema)
    return st.none() | strategy if name in NULLABLE else strategy


def _plain(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _plain(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return st.one_of([_plain(one) for one in schema[several]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _of_type(schema)


def _of_type(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "object":
            fields = {name: drawn(one, name) for name, one in schema["properties"].items()}
            needed = {name: fields.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(needed, optional=fields)
        case "array":
            return st.lists(_plain(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
        case "integer":
            return st.integers(schema.get("minimum", 0), schema.get("maximum", 100_000))
        case scalar:
            return SCALARS[scalar]


FLAT_BODIES = drawn(SCHEMAS["RealtimeTranscriptionSessionCreateRequest"])
NESTED_BODIES = drawn(SCHEMAS["RealtimeCreateClientSecretRequest"])
