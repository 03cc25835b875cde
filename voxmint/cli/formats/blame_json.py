"""Where values come from, as one JSON object, of version 1."""

from voxmint.cli.display.screen import Screen
from voxmint.cli.formats.blame_text import Blame
from voxmint.cli.formats.json_text import write_json
from voxmint.cli.formats.problem_json import place_of
from voxmint.profiles.blame import Setting, Traced

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
    """One value; `value` is missing where a layer unset it."""
    return {
        "path": traced.path,
        **({"value": traced.value} if traced.setting.is_there else {}),
        "at": place_of(traced.setting.at),
        "layer": traced.setting.layer,
        "template": traced.template,
        "variables": [
            {"name": one.name, "value": one.value, "at": place_of(one.at)}
            for one in traced.variables
        ],
        "overrode": [_setting(one) for one in traced.overrode],
    }


def _setting(setting: Setting) -> dict[str, object]:
    return {
        **({"value": setting.value} if setting.is_there else {}),
        "at": place_of(setting.at),
        "layer": setting.layer,
    }
