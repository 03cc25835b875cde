"""Every sink that writes files: how it is set up, what stands there before, what can be read."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import yaml

from voxmint.engine.sinks import SINKS, own_sink

OTHER = "theirs-" + "x" * 20_000
"""A foreign value, long enough that writing it takes more than a moment."""


class Held(NamedTuple):
    """What a sink holds of a profile; what is missing is `None`."""

    token: str | None
    expires_at: int | None
    session_id: str | None


Read = Callable[[Path], Mapping[str, Held]]


@dataclass(frozen=True)
class Form:
    """A sink: its settings, the foreign content of its files, and a strict reader of the result.

    `read` asserts that all is whole and that what is foreign is there.
    """

    kind: str
    settings: str
    foreign: Mapping[str, str]
    read: Read


def read_dotenv(root: Path) -> Mapping[str, Held]:
    return _variables((root / ".env.live").read_text(), f"# Theirs.\nTHEIRS={OTHER}\n")


def read_dotenv_each(root: Path) -> Mapping[str, Held]:
    found: dict[str, Held] = {}
    for path in root.glob(".env.ward-*"):
        if ".voxmint-" in path.name:
            # Staged, and nobody's yet: a run may be killed before it wrote a byte into it.
            continue
        assert path.read_text() or path.name == ".env.ward-00", path
        foreign = f"THEIRS={OTHER}\n" if path.name == ".env.ward-00" else ""
        held = _variables(path.read_text(), foreign)
        assert set(held) <= {path.name.removeprefix(".env.")}
        found |= held
    return found


_LINE = re.compile(
    r"(WARD_\d\d)_(?:CLIENT_SECRET=(ek_scripted\d{6})|EXPIRES_AT=(\d{10})|SESSION_ID=(sess_\d+))"
)


def _variables(text: str, foreign: str) -> Mapping[str, Held]:
    assert text.startswith(foreign)
    assert text.endswith("\n") or not text
    values: dict[str, dict[int, str]] = {}
    for line in text.removeprefix(foreign).splitlines():
        found = _LINE.fullmatch(line)
        assert found, line
        group = found.lastindex or 0
        of = values.setdefault(found[1].lower().replace("_", "-"), {})
        assert group not in of, line
        of[group] = found[group]
    return {
        name: Held(of.get(2), int(of[3]) if 3 in of else None, of.get(4))
        for name, of in values.items()
    }


def read_json(root: Path) -> Mapping[str, Held]:
    return _members(json.loads((root / "tokens.json").read_text()))


def read_yaml(root: Path) -> Mapping[str, Held]:
    return _members(yaml.safe_load((root / "tokens.yaml").read_text()))


def _members(found: dict[str, dict[str, object]]) -> Mapping[str, Held]:
    assert found.pop("theirs") == {"value": OTHER}
    return {name: _held(values) for name, values in found.items()}


def _held(values: Mapping[str, object]) -> Held:
    assert set(values) == {"client_secret", "expires_at", "session_id"}
    token, expires_at = values["client_secret"], values["expires_at"]
    assert isinstance(token, str)
    assert isinstance(expires_at, int)
    return Held(token, expires_at, str(values["session_id"]))


def read_json_each(root: Path) -> Mapping[str, Held]:
    paths = [path for path in (root / "tokens").iterdir() if ".voxmint-" not in path.name]
    found = {path.stem: json.loads(path.read_text()) for path in paths}
    assert found["ward-00"].pop("theirs") == OTHER
    # The file that was there before is not one of a session yet.
    return {name: _held(values) for name, values in found.items() if values}


def read_directory(root: Path) -> Mapping[str, Held]:
    folder = root / "tokens"
    assert (folder / "THEIRS").read_text() == OTHER
    values: dict[str, dict[str, str]] = {}
    # What a program sees is what the links of the names lead to.
    for path in folder.iterdir():
        if path.name.startswith("..") or path.name == "THEIRS" or not path.exists():
            continue
        profile, value = path.name[:7], path.name[8:].lower()
        values.setdefault(profile.lower().replace("_", "-"), {})[value] = path.read_text()
    return {name: _held({**of, "expires_at": int(of["expires_at"])}) for name, of in values.items()}


_ALL: Mapping[str, Form] = {
    "dotenv": Form(
        "dotenv",
        "path: .env.live",
        {".env.live": f"# Theirs.\nTHEIRS={OTHER}\n"},
        read_dotenv,
    ),
    "json": Form(
        "json",
        "path: tokens.json",
        {"tokens.json": json.dumps({"theirs": {"value": OTHER}})},
        read_json,
    ),
    "yaml": Form(
        "yaml", "path: tokens.yaml", {"tokens.yaml": f"theirs:\n  value: {OTHER}\n"}, read_yaml
    ),
    "dotenv-each": Form(
        "dotenv", "path: '.env.{profile}'", {".env.ward-00": f"THEIRS={OTHER}\n"}, read_dotenv_each
    ),
    "json-each": Form(
        "json",
        "path: 'tokens/{profile}.json'",
        {"tokens/ward-00.json": json.dumps({"theirs": OTHER})},
        read_json_each,
    ),
    "directory": Form("directory", "path: tokens", {"tokens/THEIRS": OTHER}, read_directory),
}
FORMS = {name: form for name, form in _ALL.items() if form.kind in SINKS}
"""By a name for the tests; more than one where a kind writes in more than one manner."""

NO_FILES = frozenset({"github-env", "github-output", "stdout"})
"""The kinds that write to what a runner or a reader gives them, and not to a file of their own."""


def unproven() -> set[str]:
    """The kinds that write files of their own and that no form is of."""
    local = {kind for kind in SINKS if not _is_remote(kind)}
    return local - NO_FILES - {form.kind for form in FORMS.values()}


def _is_remote(kind: str) -> bool:
    found = own_sink(kind)
    return found is not None and found.is_remote
