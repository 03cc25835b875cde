"""The control routes: faults are asked for and counts are read, while the emulator runs.

They answer clients on this machine only, and ask for no key. A web page is refused that is open in
a browser here: what it sends says where it comes from, in `Origin`, and no other client does.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from voxmint.engine.emulator.answers import Answer, RefusedError
from voxmint.engine.emulator.content import json_in
from voxmint.engine.emulator.faults import Faults, fault_in
from voxmint.engine.emulator.tally import Tally
from voxmint.engine.emulator.wire import Request
from voxmint.problems import UsageError

CONTROL_PATH = "/_emulator"


class Controls(NamedTuple):
    """What a control request can read and change."""

    faults: Faults
    tally: Tally


Control = Callable[[Request, Controls], Answer]


def _list_faults(_: Request, controls: Controls) -> Answer:
    return _faults(controls)


def _add_faults(request: Request, controls: Controls) -> Answer:
    content = json_in(request)
    asked: list[Any] = content if isinstance(content, list) else [content]
    try:
        controls.faults.add(tuple(fault_in(one) for one in asked))
    except UsageError as error:
        hint = f" ({error.hint})" if error.hint else ""
        raise RefusedError(400, f"{error}{hint}", code="invalid_fault") from None
    return _faults(controls)


def _clear_faults(_: Request, controls: Controls) -> Answer:
    answer = _faults(controls)
    controls.faults.clear()
    return answer


def _faults(controls: Controls) -> Answer:
    return Answer(200, {"object": "emulator.faults", "faults": controls.faults.content()})


def _show_counts(_: Request, controls: Controls) -> Answer:
    return Answer(200, controls.tally.content())


def _clear_counts(_: Request, controls: Controls) -> Answer:
    answer = Answer(200, controls.tally.content())
    controls.tally.clear()
    return answer


CONTROLS: tuple[tuple[str, str, Control], ...] = (
    ("GET", f"{CONTROL_PATH}/faults", _list_faults),
    ("POST", f"{CONTROL_PATH}/faults", _add_faults),
    ("DELETE", f"{CONTROL_PATH}/faults", _clear_faults),
    ("GET", f"{CONTROL_PATH}/counts", _show_counts),
    ("DELETE", f"{CONTROL_PATH}/counts", _clear_counts),
)
"""Each method and path, and what answers it."""
