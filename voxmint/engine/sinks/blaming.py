"""Whose mistake it is where a sink raises what no sink should."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from voxmint.engine.failures import failure
from voxmint.engine.wording import SINK_BROKEN
from voxmint.origin import Origin
from voxmint.problems import VoxmintError

if TYPE_CHECKING:
    from voxmint.engine.sinks.contract import Sink


@contextmanager
def blamed_on(name: str, at: Origin | None) -> Iterator[None]:
    """Turns what a sink should not raise into a problem of that sink, known by its target."""
    try:
        yield
    except VoxmintError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a sink of another package can raise anything
        # Only its name: the error's text could hold what was about to be written.
        said = type(error).__name__
        raise failure(SINK_BROKEN, at=at, target=name, said=said) from None


@contextmanager
def blamed_on_others(sink: "Sink") -> Iterator[None]:
    """As `blamed_on` for a sink of another package; a mistake in one of voxmint's own is its own.

    For the time before anything is written: nothing is lost there by a run that ends.
    """
    if type(sink).__module__.partition(".")[0] == "voxmint":
        yield
        return
    with blamed_on(sink.kind, sink.around.at):
        yield


def held_by(sink: "Sink") -> frozenset[str]:
    """What `Sink.holds` says; `ProblemsError` where that cannot be known."""
    with blamed_on_others(sink):
        return sink.holds()
