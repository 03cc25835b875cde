"""Which keyring is used, which is none to keep a token in, and what is said of its errors."""

from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as Missing
from keyring.backends.null import Keyring as Null
from keyring.errors import (
    InitError,
    KeyringLocked,
    NoKeyringError,
    PasswordDeleteError,
    PasswordSetError,
)

from tests.stores.keyrings import (
    MARKS,
    NAME,
    TOKENS,
    InMemory,
    KeyringInMemory,
    KeyringOf,
    made,
    problem_of,
    used,
    written,
)
from voxmint.engine.stores.contract import What
from voxmint.engine.stores.keyring import KeyringSink, _Keyring
from voxmint.engine.stores.keyring_backends import QuitError, Steady
from voxmint.problems import ProblemsError


def in_module(module: str) -> KeyringBackend:
    """A keyring as another package has it."""
    return made(type("Plaintext", (InMemory,), {"__module__": module}))


def chain(*backends: KeyringBackend) -> KeyringBackend:
    """Several keyrings in one, as where a machine has more than one."""
    attributes = {"backends": list(backends), "viable": False}
    return made(type("Chain", (ChainerBackend,), attributes))


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        (made(Missing), "this machine has none that the package `keyring` knows"),
        (made(Null), "the package `keyring` is told to keep nothing"),
        (in_module("keyrings.alt.file"), "`keyrings.alt` keeps what it is given in files"),
        (chain(in_module("keyrings.alt.file")), "`keyrings.alt` keeps what it is given in files"),
    ],
)
def test_what_is_no_keyring_for_a_token_is_refused(
    tmp_path: Path, backend: KeyringBackend, said: str
) -> None:
    with used(backend):
        problem = problem_of(KeyringOf(backend, tmp_path))
        with pytest.raises(ProblemsError):
            KeyringOf(backend, tmp_path).sink("clinic").holds()
    assert problem.code == "store-keyring-unfit"
    assert said in problem.message
    assert "docs/stores/keyring.md" in str(problem.hint)
    assert getattr(backend, "held", {}) == {}


def failing_with(error: BaseException) -> KeyringBackend:
    """One that fails as it is looked at."""

    def backends(_: object) -> list[KeyringBackend]:
        raise error

    return made(
        type("Unusable", (ChainerBackend,), {"viable": False, "backends": property(backends)})
    )


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit])
def test_one_that_cannot_be_set_up_is_told_by_its_error_s_name(
    tmp_path: Path, kind: type[BaseException]
) -> None:
    unusable = failing_with(kind("no ek_canary"))
    with used(unusable):
        problem = problem_of(KeyringOf(unusable, tmp_path))
    assert problem.code == "store-keyring-unfit"
    assert f"fails with {kind.__name__}" in problem.message
    assert "canary" not in problem.message


def test_of_several_the_first_one_is_used_alone(tmp_path: Path) -> None:
    first, second = InMemory(), InMemory()
    second.set_password(TOKENS, NAME, "another machine's")
    with used(chain(first, second)):
        written(KeyringOf(first, tmp_path))
    assert set(first.held) == {(TOKENS, NAME), (MARKS, NAME)}
    assert list(second.held.values()) == ["another machine's"]


def error_in(module: str, name: str) -> Exception:
    """An error as the packages below `keyring` have it."""
    kind: type[Exception] = type(name, (Exception,), {"__module__": module})
    return kind("ek_canary")


@pytest.mark.parametrize(
    ("error", "expected", "code"),
    [
        (KeyringLocked("ek_canary"), What.LOCKED, "store-locked"),
        (NoKeyringError("ek_canary"), What.UNREACHABLE, "store-unreachable"),
        (InitError("ek_canary"), What.UNREACHABLE, "store-unreachable"),
        (ConnectionResetError("ek_canary"), What.UNREACHABLE, "store-unreachable"),
        (PasswordSetError("ek_canary"), What.REFUSED, "store-refused"),
        (PasswordDeleteError("ek_canary"), What.REFUSED, "store-refused"),
        (ValueError("ek_canary"), What.REFUSED, "store-refused"),
        (error_in("secretstorage.exceptions", "LockedException"), What.LOCKED, "store-locked"),
        (
            error_in("secretstorage.exceptions", "PromptDismissedException"),
            What.LOCKED,
            "store-locked",
        ),
        (error_in("jeepney.wrappers", "DBusErrorResponse"), What.UNREACHABLE, "store-unreachable"),
        (QuitError(), What.UNREACHABLE, "store-unreachable"),
    ],
)
def test_an_error_is_told_in_words_of_its_own(
    tmp_path: Path, error: Exception, expected: What, code: str
) -> None:
    trouble = _Keyring(Steady(None)).trouble_of(error)
    assert trouble.what is expected
    sink = KeyringInMemory(InMemory(), tmp_path).sink("clinic")
    assert isinstance(sink, KeyringSink)
    problem = sink.problem_of(trouble)
    assert problem.code == code
    assert "canary" not in f"{problem.message} {problem.hint}"
