"""Bodies after the published schema, right and wrong, from a random number generator with a seed.

Hypothesis would look for the smallest body that fails; here it is numbers that count, and each body
takes a fraction of a millisecond.
"""

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.profiles.published import NULLABLE, SCHEMAS
from voxmint.origin import Path
from voxmint.profiles.fields import MODELS

_LANGUAGES = ("en", "no", "de", "ja", "jp", "en-US", "english", "")
_STRINGS: dict[str, tuple[str, ...]] = {
    "model": (*MODELS, "our-deployment"),
    "language": _LANGUAGES,
    "languages": _LANGUAGES,
    "keywords": ("Nordlys", "", "a<b", "two\nlines"),
}
_TEXTS = ("", "zzz", "auto", "low", "server_vad", "semantic_vad", "x" * 1030)
_SCALARS: dict[str, tuple[Any, ...]] = {
    "number": (0, 0.5, 1, 0.0, 1.5, -0.1),
    "integer": (0, 10, 200, 600, 5000, 7200, 30_000, -1, 9, 7201, 4999, 30_001, 300.0),
    "boolean": (True, False),
    "null": (None,),
}
_OFTEN: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(NULLABLE, (None,)),
    **dict.fromkeys(
        ("noise_reduction", "input_audio_noise_reduction"),
        (None, {"strength": 0.5}, {"strength": "7"}),
    ),
    "turn_detection": (
        None,
        {"type": "semantic_vad"},
        {"type": "semantic_vad", "eagerness": "low"},
    ),
    "transcription": (None, {}),
    "input_audio_transcription": (None, {}),
}
"""What often stands for a field, whether or not the schema has it."""
_ODD: tuple[Any, ...] = (
    None, True, False, 0, 7, -1, 7.5, 600.0, "", "zzz", "7", [], {}, ["zzz"], [7], [None],
    {"zzz": 7}, "en", "auto", "low", 10**15,
)  # fmt: skip
_KEYS = (
    "zzz", "type", "modalities", "eagerness", "threshold", "idle_timeout_ms", "create_response",
    "interrupt_response", "prompt", "delay", "keywords", "languages", "client_secret", "rate",
    "expires_after", "include", "expires_at", "seconds", "turn_detection", "audio", "session",
    "strength",
)  # fmt: skip


def bodies(root: str, seed: int, count: int) -> Iterator[dict[str, Any]]:
    """So many bodies of a schema: one in three as the schema has them, others changed somewhere."""
    random = Random(seed)
    for number in range(count):
        body = _drawn(SCHEMAS[root], random, "")
        for _ in range(number % 3):
            body = _changed(body, random)
        yield body


def _drawn(schema: dict[str, Any], random: Random, name: str) -> Any:
    if name in _OFTEN and random.random() < 0.2:
        return copy.deepcopy(random.choice(_OFTEN[name]))
    if "$ref" in schema:
        return _drawn(SCHEMAS[schema["$ref"].rpartition("/")[2]], random, name)
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return _drawn(random.choice(several), random, name)
    closed = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return random.choice(closed) if closed else _of_type(schema, random, name)


def _of_type(schema: dict[str, Any], random: Random, name: str) -> Any:
    match schema["type"]:
        case "object":
            return _map(schema, random)
        case "array":
            length = schema.get("minItems", 0) + random.randrange(3)
            return [_drawn(schema["items"], random, name) for _ in range(length)]
        case "string":
            return random.choice(_STRINGS.get(name, _TEXTS))
        case scalar:
            return random.choice(_SCALARS[scalar])


def _map(schema: dict[str, Any], random: Random) -> dict[str, Any]:
    needed = schema.get("required", ())
    return {
        key: _drawn(inner, random, key)
        for key, inner in schema["properties"].items()
        if key in needed or random.random() < 0.6
    }


def _changed(body: dict[str, Any], random: Random) -> dict[str, Any]:
    """The body with something replaced, taken away or put in."""
    body = copy.deepcopy(body)
    path = random.choice(list(_paths(body)) or [()])
    owner: Any = body
    for part in path[:-1]:
        owner = owner[part]
    way = random.random()
    if path and way < 0.5:
        owner[path[-1]] = copy.deepcopy(random.choice(_ODD))
    elif path and way < 0.65:
        del owner[path[-1]]
    elif isinstance(owner, dict):
        owner[random.choice(_KEYS)] = copy.deepcopy(random.choice(_ODD))
    return body


def _paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """The path of everything in a value, itself aside."""
    inner = value.items() if isinstance(value, dict) else ()
    for key, one in enumerate(value) if isinstance(value, list) else inner:
        yield (*at, key)
        yield from _paths(one, (*at, key))
