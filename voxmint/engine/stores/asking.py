"""How a store is asked: many objects at a time, and with its client kept from logging."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from voxmint.engine.stores.contract import Store, StoreError, Trouble, What
from voxmint.problems import Problem, ProblemsError, VoxmintError

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def asked(store: Store, call: Callable[[], Result]) -> Result:
    """What a call gives; `StoreError` where it fails, which holds nothing of the client's error.

    `ProblemsError`s of the call's own go through.
    """
    try:
        return call()
    except (StoreError, VoxmintError):
        raise
    except SystemExit as error:
        # A client has no say in when voxmint ends; what it says on leaving may hold values, too.
        trouble = unexpected(error)
    except Exception as error:  # noqa: BLE001  # clients raise what they like, and it may hold values
        trouble = store.trouble_of(error)
    raise StoreError(trouble)


def each(
    store: Store, things: Iterable[Thing], call: Callable[[Thing], Result], workers: int
) -> Mapping[Thing, Result | Trouble | Problem]:
    """What a call gives of each thing, or what is wrong with it; in the order of the things.

    A trouble of the store as a whole ends it: what was not begun by then is told to have the same.
    """
    ordered = list(dict.fromkeys(things))
    downs: list[Trouble] = []

    def one(thing: Thing) -> Result | Trouble | Problem:
        if downs:
            return downs[0]
        try:
            return asked(store, lambda: call(thing))
        except StoreError as error:
            if error.trouble.what.is_of_the_store:
                downs.append(error.trouble)
            return error.trouble
        except ProblemsError as error:
            return error.problems[0]

    if len(ordered) == 1 or workers == 1:
        return {thing: one(thing) for thing in ordered}
    with ThreadPoolExecutor(max(1, min(workers, len(ordered))), "voxmint-store") as pool:
        return dict(zip(ordered, pool.map(one, ordered), strict=True))


def first_of_the_store(results: Iterable[object]) -> Trouble | None:
    """The first trouble among results that is of the store as a whole."""
    troubles = (one for one in results if isinstance(one, Trouble))
    return next((one for one in troubles if one.what.is_of_the_store), None)


def hush(loggers: Sequence[str]) -> None:
    """Keep a client's loggers, and those below them, from telling more than warnings.

    At finer levels clients log requests with their content.
    """
    for name in loggers:
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)


def unexpected(error: BaseException) -> Trouble:
    """The trouble of an error that a store knows nothing of: its name, and nothing that it says."""
    return Trouble(What.REFUSED, said=type(error).__name__)
