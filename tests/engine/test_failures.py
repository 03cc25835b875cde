import errno

import pytest

from voxmint.engine.failures import failure, reason, room_facts
from voxmint.engine.wording import STATE_UNUSABLE

ROOM = "make room on its disk, or set VOXMINT_STATE_DIR to a folder on another one"
RIGHTS = "set VOXMINT_STATE_DIR to a folder that this user can write to"


@pytest.mark.parametrize(
    ("number", "said", "hint"),
    [
        (errno.ENOSPC, "no space left on device", ROOM),
        (errno.EDQUOT, "disk quota exceeded", ROOM),
        (errno.EACCES, "permission denied", RIGHTS),
    ],
)
def test_a_full_disk_gets_the_hint_to_make_room(number: int, said: str, hint: str) -> None:
    error = OSError(number, errno.errorcode[number])
    error.strerror = said.capitalize()
    raised = failure(STATE_UNUSABLE, at=None, folder="s", reason=reason(error), **room_facts(error))
    [problem] = raised.problems
    assert problem.message == f"the state folder `s` cannot be used: {said}"
    assert problem.hint == hint
