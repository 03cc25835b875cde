"""Which keyring is used, which is none to keep a token in, and what is said of its errors."""

from collections.abc import Callable
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
    failing,
    made,
    problem_of,
    used,
    written,
)
from voxmint.engine.stores.contract import What
from voxmint.engine.stores.keyring import KeyringSink, _Keyring
from voxmint.engine.stores.keyring_backends import PAUSES, QuitError, Steady
from voxmint.engine.upstream.keyrings import from_keyring
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import WRITTEN, delivering


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


@pytest.mark.parametrize("error", [TimeoutError("ek_canary"), BlockingIOError(11, "ek_canary")])
def test_one_that_is_too_busy_to_be_reached_is_tried_again_a_few_times(
    error: Exception,
) -> None:
    backend, waits = InMemory(), list[float]()
    steady = Steady(backend, waits.append)
    calls: tuple[Callable[[], object], ...] = (
        lambda: steady.set_password(TOKENS, NAME, "x"),
        lambda: steady.get_password(TOKENS, NAME),
        lambda: steady.delete_password(TOKENS, NAME),
    )
    for call, expected in zip(calls, (None, "x", None), strict=True):
        with failing(backend, error, times=len(PAUSES)):
            assert call() == expected
    assert waits == [*PAUSES] * 3
    waits.clear()
    with failing(backend, error), pytest.raises(type(error)):
        steady.get_password(TOKENS, NAME)
    assert waits == [*PAUSES]


def test_what_went_wrong_otherwise_is_not_tried_again() -> None:
    backend, waits = InMemory(), list[float]()
    with failing(backend, KeyringLocked()), pytest.raises(KeyringLocked):
        Steady(backend, waits.append).get_password(TOKENS, NAME)
    assert (waits, len(backend.calls)) == ([], 1)


def test_a_sink_waits_for_a_busy_one(tmp_path: Path) -> None:
    backend, waits = InMemory(), list[float]()
    store = KeyringInMemory(backend, tmp_path)
    kind = type("Unhurried", (KeyringSink,), {"pause": staticmethod(waits.append)})
    with used(backend), failing(backend, TimeoutError(), after=1, times=2):
        assert store.made_sink(kind, "clinic").write(delivering("clinic")) == {"clinic": WRITTEN}
    assert waits == [*PAUSES[:2]]


def test_a_key_is_waited_for_as_well() -> None:
    backend, waits = InMemory(), list[float]()
    backend.set_password("voxmint", "openai", "sk-1")
    with used(backend), failing(backend, TimeoutError(), times=1):
        assert from_keyring("openai", None, waits.append) == "sk-1"
    assert waits == [*PAUSES[:1]]


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
