"""A secret is let out by one method only."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import pytest

from voxmint.secret import Secret

VALUE = "ek_0123456789abcdef"


@pytest.fixture
def secret() -> Secret:
    return Secret(VALUE)


def test_reveal_gives_the_value(secret: Secret) -> None:
    assert secret.reveal() == VALUE


WAYS: dict[str, Callable[[Secret], str]] = {
    "str": str,
    "repr": repr,
    "format": "{}".format,
    "padded": "{:>30}".format,
    "cut": "{!r:.3}".format,
    "f-string": lambda secret: f"{secret}{secret!s}{secret!a}",
    "percent": lambda secret: str.__mod__("%s %r", (secret, secret)),
    "inside": lambda secret: repr([secret, {"token": secret}, (secret,)]),
    "traceback": lambda secret: "".join(traceback.format_exception(ValueError(secret))),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_showing_it_shows_the_value(secret: Secret, way: str) -> None:
    text = WAYS[way](secret)
    assert VALUE not in text
    assert VALUE[:8] not in text


def test_a_log_does_not_have_it(secret: Secret, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("minted %s, %r", secret, secret)
    assert caplog.messages == ["minted Secret(…), Secret(…)"]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_it_is_not_copied_or_serialised(secret: Secret, copied: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError, match="never copied or serialised") as failure:
        copied(secret)
    assert VALUE not in str(failure.value)


def test_json_does_not_take_it(secret: Secret) -> None:
    with pytest.raises(TypeError) as failure:
        json.dumps({"token": secret})
    assert VALUE not in str(failure.value)


def test_it_has_no_hash(secret: Secret) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(secret)


def test_secrets_are_equal_by_their_value(secret: Secret) -> None:
    assert secret == Secret(VALUE)
    assert secret != Secret("other")
    assert secret != VALUE
    assert Secret("ü") == Secret("ü")


def test_it_is_true_where_it_holds_anything(secret: Secret) -> None:
    assert secret
    assert not Secret("")


def test_it_holds_nothing_beside_the_value(secret: Secret) -> None:
    assert not hasattr(secret, "__dict__")
    assert [name for name in dir(secret) if not name.startswith("_")] == ["is_in", "reveal"]


def test_it_tells_whether_it_is_in_a_text(secret: Secret) -> None:
    assert secret.is_in(f"req_{VALUE}.")
    assert not secret.is_in(VALUE[1:])
    assert not Secret("").is_in("anything")
