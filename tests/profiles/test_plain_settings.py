"""What is right at a glance is right."""

from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ValidationError

from tests.profiles.laws import law
from voxmint.profiles.endpoints import APIS, KINDS
from voxmint.profiles.plain_settings import is_plain_mint, is_plain_provider
from voxmint.profiles.settings import Mint, Provider

ODD = st.sampled_from(
    [None, True, 0, -1, 1, 1.5, "", "a b", "é", "{{ x }}", [], {}, ["a"], {"a": 1}]
)
KEYS = st.dictionaries(
    st.sampled_from(["env", "file", "command", "kee"]),
    st.sampled_from(["KEY", "a-b", "1A", "", "KEY\n"]) | ODD,
    max_size=2,
)
# Of little, so that what is wrong often stands alone.
LITTLE = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS)}, optional={"key": KEYS, "organization": ODD}
)
PROVIDERS = LITTLE | st.fixed_dictionaries(
    {"kind": st.sampled_from([*KINDS, "opena"]) | ODD},
    optional={
        "api": st.sampled_from([*APIS, "other"]) | ODD,
        "key": KEYS | ODD,
        "url": st.sampled_from(["https://a.example/v1", "nowhere"]),
        "organization": ODD,
        "project": ODD,
        "safety_identifier": ODD,
        "deployments": ODD,
        "ca_file": ODD,
        "kid": ODD,
    },
)
NUMBERS = st.sampled_from([1, 256, 257, 2**62, 0.5, 1e300, -1.0]) | ODD
MINTS = st.dictionaries(
    st.sampled_from(["concurrency", "requests_per_minute", "burst", "timeout", "concurency"]),
    NUMBERS,
    max_size=3,
)


def is_right(model: type[BaseModel], value: Any) -> bool:
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


@law(500)
@given(PROVIDERS)
def test_a_provider_that_is_right_at_a_glance_is_right(value: Any) -> None:
    assert is_right(Provider, value) or not is_plain_provider(value)


@law(300)
@given(MINTS)
def test_a_mint_that_is_right_at_a_glance_is_right(value: Any) -> None:
    assert is_right(Mint, value) or not is_plain_mint(value)


@pytest.mark.parametrize(
    "provider",
    [
        {"kind": "emulator"},
        {"kind": "openai", "key": {"env": "OPENAI_API_KEY"}},
        {"kind": "openai", "api": "client_secrets", "organization": "o", "project": "p"},
    ],
)
def test_what_most_environments_say_is_right_at_a_glance(provider: Any) -> None:
    assert is_plain_provider(provider)
    assert is_plain_mint({"concurrency": 16, "requests_per_minute": 600, "timeout": 120})


@pytest.mark.parametrize("key", [{}, {"env": "a-b"}, {"env": "KEY\n"}, {"env": 1}, {"env": "é"}])
def test_a_key_that_is_wrong_is_not_right_at_a_glance(key: Any) -> None:
    provider = {"kind": "openai", "key": key}
    assert not is_right(Provider, provider)
    assert not is_plain_provider(provider)
