"""The settings of an env file that are right at a glance, as most are.

The library that checks settings takes as long to import as hundreds of profiles to compile, so it
is asked only about settings that are more than this. Where this says yes, it would say the same (a
property test holds the two together).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from voxmint.engine.sinks.variables import PROFILE

_MODES = ("0600", "0640", "0660", "0644", "0664")
_FLAGS = ("allow_tracked", "allow_unignored")


class PlainNames(NamedTuple):
    """What the variables are called, as `file_options.VariableNames`."""

    client_secret: str = "{profile}_CLIENT_SECRET"  # noqa: S105  # a name, no secret
    expires_at: str = "{profile}_EXPIRES_AT"
    session_id: str = "{profile}_SESSION_ID"
    profiles: Mapping[str, str] = MappingProxyType({})


class PlainOptions(NamedTuple):
    """The settings of an env file, as `dotenv_options.DotenvOptions`."""

    path: str
    mode: str = "0600"
    group: str | int | None = None
    values: tuple[str, ...] = ("client_secret", "expires_at", "session_id")
    prefix: str = ""
    names: PlainNames = PlainNames()
    constants: Mapping[str, str] = MappingProxyType({})
    allow_tracked: bool = False
    allow_unignored: bool = False

    @property
    def bits(self) -> int:
        return int(self.mode, 8)


def plain_options(given: Mapping[str, object]) -> PlainOptions | None:
    """The settings, where they are right at a glance; `None` where it takes more to tell."""
    options: dict[str, object] = {"path": ""}
    for name, value in given.items():
        if name == "names":
            options[name] = names = _plain_names(value)
            if names is None:
                return None
        elif _is_plain_setting(name, value):
            options[name] = value
        else:
            return None
    return PlainOptions(**options) if options["path"] else None  # type: ignore[arg-type]  # looked at


def _is_plain_setting(name: str, value: object) -> bool:
    if name == "mode":
        return value in _MODES
    if name in _FLAGS:
        return type(value) is bool
    if name == "path":
        # Where else a brace may stand takes more to tell.
        folder, _, file = str(value).rpartition("/")
        return _is_text(value) and "{" not in folder + file.replace(PROFILE, "")
    return name in ("group", "prefix") and _is_text(value)


def _plain_names(value: object) -> PlainNames | None:
    if type(value) is not dict:
        return None
    own = {name: inner for name, inner in value.items() if name != "profiles"}
    stems = value.get("profiles", {})
    is_plain = (
        own.keys() <= set(PlainNames._fields)
        and type(stems) is dict
        and all(map(_is_text, (*own.values(), *stems, *stems.values())))
    )
    return PlainNames(**own, profiles=stems) if is_plain else None


def _is_text(value: object) -> bool:
    return type(value) is str and value.isascii()
