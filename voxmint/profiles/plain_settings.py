"""Settings that are right at a glance, as most are: a kind, an endpoint, a key's place, numbers.

The library that checks settings takes as long to import as a thousand profiles to compile. So a
compile asks it only about settings that are more than this; where this says yes, it would find
nothing wrong (a property test holds the two together).
"""

import re
from collections.abc import Mapping

from voxmint.profiles.endpoints import APIS, KINDS

_KINDS = tuple(kind for kind in KINDS if kind not in ("azure", "compatible"))
"""Those that need no `url`, whose check is more than a glance."""
_TEXTS = frozenset(("organization", "project", "safety_identifier"))
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_AT_ONCE = 256


def is_plain_provider(value: Mapping[str, object]) -> bool:
    """Whether the settings of a provider are right at a glance."""
    if value.get("kind") not in _KINDS:
        return False
    rest = ((name, inner) for name, inner in value.items() if name != "kind")
    return all(_is_plain_setting(name, inner, value) for name, inner in rest)


def _is_plain_setting(name: str, value: object, provider: Mapping[str, object]) -> bool:
    if name == "key":
        return provider["kind"] == "openai" and isinstance(value, dict) and _is_plain_key(value)
    if name == "api":
        return value in APIS
    return name in _TEXTS and type(value) is str and value.isascii() and "{" not in value


def _is_plain_key(value: Mapping[str, object]) -> bool:
    variable = value.get("env")
    return len(value) == 1 and type(variable) is str and bool(_VARIABLE.fullmatch(variable))


def is_plain_mint(value: Mapping[str, object]) -> bool:
    """Whether the settings of a mint are right at a glance."""
    return all(_is_plain_number(name, number) for name, number in value.items())


def _is_plain_number(name: str, value: object) -> bool:
    if name == "timeout":
        return type(value) in (int, float) and value > 0  # type: ignore[operator]  # a number
    if name not in ("concurrency", "requests_per_minute", "burst") or type(value) is not int:
        return False
    return 0 < value <= _MOST_AT_ONCE or (value > 0 and name != "concurrency")
