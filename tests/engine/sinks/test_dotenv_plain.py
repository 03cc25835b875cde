"""What is right at a glance is right, and is the same settings."""

from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from tests.profiles.laws import law
from voxmint.engine.sinks.dotenv import DotenvSink
from voxmint.engine.sinks.dotenv_options import DotenvOptions
from voxmint.engine.sinks.dotenv_plain import PlainOptions, plain_options

ODD = st.sampled_from([None, True, 0, 0o640, 1.5, "", "a b", "é", "0640", [], {}, ["a"], {"a": 1}])
TEXTS = st.sampled_from(["X", "{profile}_TOKEN", "MITT_ORD"]) | ODD
NAMES = st.fixed_dictionaries(
    {},
    optional={
        "client_secret": TEXTS,
        "expires_at": TEXTS,
        "session_id": TEXTS,
        "profiles": st.dictionaries(st.sampled_from(["clinic", "é", 1, True]), TEXTS, max_size=2)
        | ODD,
        "clientsecret": TEXTS,
    },
)
MODES = st.sampled_from(["0600", "0640", "0o640", "640", "0644", "0777", "0400", "600\n"]) | ODD
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "path": st.sampled_from([".env", "..", "/etc/x", ".env.{profile}", "{profile}/x"]) | ODD,
        "mode": MODES,
        "group": ODD,
        "names": NAMES | ODD,
        "prefix": TEXTS,
        "values": st.sampled_from([["client_secret"], ["expires_at"], ["client_secret"] * 2]) | ODD,
        "constants": st.dictionaries(st.sampled_from(["X", 1]), TEXTS, max_size=2) | ODD,
        "allow_tracked": ODD,
        "allow_unignored": ODD,
        "alow_tracked": ODD,
    },
) | st.fixed_dictionaries({"path": st.just(".env")}, optional={"names": NAMES, "mode": MODES})


def as_values(options: PlainOptions | DotenvOptions) -> dict[str, object]:
    fields = DotenvOptions.model_fields
    names = {
        name: getattr(options.names, name)
        for name in type(DotenvOptions(path=".").names).model_fields
    }
    return {
        **{name: getattr(options, name) for name in fields},
        "names": names,
        "bits": options.bits,
    }


@law(800)
@given(SETTINGS)
def test_settings_that_are_right_at_a_glance_are_right_and_the_same(settings: Any) -> None:
    plain = plain_options(settings)
    if plain is None:
        return
    try:
        checked = DotenvOptions.model_validate(settings)
    except ValidationError as failure:
        raise AssertionError(f"wrong, and yet right at a glance: {settings}") from failure
    assert as_values(plain) == as_values(checked)


@pytest.mark.parametrize(
    "settings",
    [
        {"path": ".env"},
        {"path": "run/.env.{profile}", "prefix": "V_"},
        {"path": ".env", "mode": "0640", "group": "app", "allow_unignored": True},
        {"path": ".env", "names": {"client_secret": "{profile}_TOKEN", "profiles": {"a/b": "B"}}},
    ],
)
def test_what_most_files_say_is_right_at_a_glance(settings: Any) -> None:
    assert DotenvSink.plain_options(settings) is not None


def test_what_is_made_of_the_sink_has_settings_of_its_own() -> None:
    class TheirSink(DotenvSink):
        kind = "theirs"

    assert TheirSink.plain_options({"path": ".env"}) is None
