"""What was probably meant by a value of the wrong type, or by a key at the wrong place.

Given as facts for the hint that says so.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.fields import SESSION
from voxmint.profiles.scalars import BadNumberError, is_text, resolve
from voxmint.profiles.values import briefly

_FLAGS = {"yes": "true", "on": "true", "no": "false", "off": "false", "1": "true", "0": "false"}
# Patterns are compiled when they are first used: in most projects nothing is wrong.
_NUMBER = r"(-?[0-9]+(?:_[0-9]+)*)(?:[.,]([0-9]+))? ?([a-z]*)"
_SECONDS = {
    "ms": 0.001,
    "milliseconds": 0.001,
    "s": 1,
    "sec": 1,
    "seconds": 1,
    "m": 60,
    "min": 60,
    "minutes": 60,
    "h": 3600,
    "hours": 3600,
}
_LONGEST = 40
"""Longer texts mean no number."""


def meant_scalar(value: object, accepts: Collection[type], unit: str = "") -> dict[str, object]:
    """What to write where a scalar of one of these types belongs, and a scalar of another stands.

    `unit` is what a number there counts: `seconds`, `milliseconds` or nothing.
    """
    if isinstance(value, str) and str not in accepts:
        return _of_text(value.strip(), accepts, unit)
    if isinstance(value, bool | int | float) and accepts == {str}:
        return {"quoted": f'"{briefly(value)}"'}
    if isinstance(value, float) and int in accepts and value.is_integer():
        return {"whole": int(value)}
    if type(value) is int and bool in accepts:
        return _of_flag(str(value))
    return {}


def spaced(text: str) -> dict[str, object]:
    """The key and the value that one text stands for where the blank between them is missing."""
    found = re.match(_UNSPACED, text)
    return {"pair": f"{found[1]}: {found[2]}"} if found else {}


def dashed(text: str) -> dict[str, object]:
    """The first of the items that one text stands for where the blanks after dashes are missing."""
    found = re.match(_UNDASHED, text)
    return {"dashed": f"- {found[1]}"} if found else {}


def is_unspaced(line: str) -> bool:
    """Whether a line begins with a key whose colon no blank follows."""
    return re.match(_UNSPACED, line) is not None


def is_undashed(line: str) -> bool:
    """Whether a line begins with the dash of an item that no blank follows."""
    return re.match(_UNDASHED, line) is not None


_UNDASHED = r"-([^\s-]\S*)"
_UNSPACED = r"([A-Za-z_][\w-]*):([^\s:/\\]\S*)"
"""A key, its colon and what follows at once; no address, and no path of Windows."""


def in_a_map(field: str, value: object) -> dict[str, object]:
    """The map that is meant where one of its values stands alone; nothing where that is none."""
    key = _SHORT.get(field)
    written = _seconds(value) if key == "seconds" else _word(value)
    return {"map": f"{{{key}: {written}}}"} if key and written else {}


_SHORT = {"provider": "kind", "where": "names", "expires_after": "seconds"}
"""The key that is meant where a map is wanted and only its value stands."""
_WORD = r"[\w./-]+"


def _word(value: object) -> str:
    """A text as a file has it; no template, since none is rendered where these texts stand."""
    if not isinstance(value, str) or "{" in value:
        return ""
    return value if re.fullmatch(_WORD, value) and is_text(value) else briefly(value)


def _seconds(value: object) -> str:
    if isinstance(value, str) and "{{" in value:
        return briefly(value)
    meant = {"whole": value} if type(value) is int else meant_scalar(value, {int}, "seconds")
    return str(meant.get("whole", meant.get("bare", "")))


def quoted_as_written(problems: Iterable[Problem], texts: Mapping[str, str]) -> Iterator[Problem]:
    """The problems; where quotes are what is missing, round the value as its file writes it.

    `1e3` is the number 1000.0, and `"1e3"` the text that was meant. What a template gave cannot be
    put in quotes: there the hint goes.
    """
    for problem in problems:
        is_value = problem.kind in _OF_VALUES and "quoted" in problem.facts
        if not is_value or problem.at is None or problem.at.file not in texts:
            yield problem
            continue
        written = _written_at(texts[problem.at.file], problem.at)
        facts = {name: fact for name, fact in problem.facts.items() if name != "quoted"}
        if type(_unquoted(written)) in _NEEDING_QUOTES:
            facts["quoted"] = f'"{written}"'
        yield problem._replace(facts=facts)


_OF_VALUES = (wording.WRONG_TYPE, wording.WRONG_ITEM)
_NEEDING_QUOTES = frozenset({bool, int, float})


def _written_at(text: str, at: Origin) -> str:
    line = text.split("\n", at.line)[at.line - 1]
    return line[at.column - 1 : at.column - 1 + at.length]


def _of_text(text: str, accepts: Collection[type], unit: str) -> dict[str, object]:
    if type(_unquoted(text)) in accepts:
        return {"bare": text}
    if bool in accepts:
        return _of_flag(text)
    number = _number(text, unit) if int in accepts else None
    if number is None or type(number) not in accepts:
        return {}
    return {"whole": briefly(number)}


def _of_flag(text: str) -> dict[str, object]:
    meant = _FLAGS.get(text.casefold())
    return {"meant": meant} if meant else {}


def _number(text: str, unit: str) -> int | float | None:
    """The number of a text as people write it: `6_000`, `0,5`, `300 ms`; in this unit."""
    found = re.fullmatch(_NUMBER, text.casefold()) if len(text) <= _LONGEST else None
    if found is None or (found[3] and (unit not in _SECONDS or found[3] not in _SECONDS)):
        return None
    number = float(f"{found[1].replace('_', '')}.{found[2] or 0}")
    if found[3]:
        number = round(number * _SECONDS[found[3]] / _SECONDS[unit], 6)
    return int(number) if number.is_integer() else number


def _unquoted(text: str) -> object:
    """What the text would be if it stood in the file without its quotes."""
    try:
        return resolve(text)
    except BadNumberError:
        return text


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────

_OF_ENVIRONMENTS = frozenset({"provider", "mint", "profiles", "overlay", "sinks"})
_OF_PROFILES = frozenset({"labels", "environments"})
_OF_LAYERS = frozenset({"session", "vars", "expires_after"})
_OF_BOTH = frozenset({"extends", "abstract", "description"}) | _OF_LAYERS
_NESTED_BODY = "the body of client_secrets, which `voxmint import` turns into a profile"


def belongs(key: str, owner: str, known: Collection[str]) -> dict[str, object]:
    """Where a key that is not known at its place would be: `known` are those that are.

    `owner` is the place as messages name it: `profile`, `environment`, `a session`, `overlay.0`.
    """
    whose = _whose(key, owner)
    if whose:
        return {"instead": f"{whose} file"}
    if owner == "a session":
        if key in _OF_LAYERS:
            return {"beside": "session"}
        return {"instead": _NESTED_BODY} if key == "audio" else _below(key)
    if "where" in known and key in ("labels", "names"):
        return {"below": "where"}
    return _below_session(key) if "session" in known else {}


def _whose(key: str, owner: str) -> str:
    """Which other kind of file has the key, where its owner is no part of a request; or ""."""
    is_of_profile = owner == "profile" or owner.startswith("environments.")
    if key in _OF_ENVIRONMENTS and (is_of_profile or owner == "project"):
        return "an environment's"
    if key in _OF_PROFILES and owner in ("environment", "project"):
        return "a profile's"
    return "a profile's or an environment's" if owner == "project" and key in _OF_BOTH else ""


def _below_session(key: str) -> dict[str, object]:
    if key in SESSION.by_name:
        return {"below": "session"}
    return _below(key, "session.")


def _below(key: str, prefix: str = "") -> dict[str, object]:
    """The maps of a session that have the key: there may be two, as of `type`."""
    maps = [f"{prefix}{one.name}" for one in SESSION.fields if key in one.by_name]
    return {"below": "` or `".join(maps)} if maps else {}
