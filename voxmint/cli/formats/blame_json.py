"""Where values come from, as one JSON object, of version 1."""

from voxmint.cli.display.screen import Screen
from voxmint.cli.formats.blame_text import Blame
from voxmint.cli.formats.json_text import write_json
from voxmint.cli.formats.problem_json import place_of
from voxmint.profiles.blame import Setting, Traced, Used

VERSION = 1


def write(screen: Screen, blame: Blame) -> None:
    """Writes the object."""
    content = {
        "version": VERSION,
        "profile": blame.profile,
        "environment": blame.environment,
        "values": [_value(one) for one in blame.values],
        "absent": [{"path": one.path, "default": one.default or None} for one in blame.absent],
    }
    write_json(screen, content)


def _value(traced: Traced) -> dict[str, object]:
    """One value; `value` is missing where a layer unset it, `sent_as` where it is sent itself."""
    return {
        "path": traced.path,
        **({"value": traced.value} if traced.setting.is_there else {}),
        "at": place_of(traced.setting.at),
        "layer": traced.setting.layer,
        **_how(traced.setting),
        "template": traced.template,
        "variables": [_used(one) for one in traced.variables],
        **({"sent_as": _used(traced.sent_as)} if traced.sent_as else {}),
        "overrode": [_setting(one) for one in traced.overrode],
    }


def _used(used: Used) -> dict[str, object]:
    return {"name": used.name, "value": used.value, "at": place_of(used.at)}


def _setting(setting: Setting) -> dict[str, object]:
    return {
        **({"value": setting.value} if setting.is_there else {}),
        "at": place_of(setting.at),
        "layer": setting.layer,
        **_how(setting),
    }


def _how(setting: Setting) -> dict[str, object]:
    """By which directive it was given, and why it is not there where it is not."""
    return {"directive": setting.directive or None, "why": setting.why or None}
