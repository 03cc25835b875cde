"""A file of the project that is not there yet, whole or not at all."""

import os
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_new(path: Path, text: str) -> None:
    """Writes the file, and the folders that it needs; `FileExistsError` where something is there.

    Where it cannot be written nothing of it is left, and the `OSError` names it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # It holds no secret: everybody may read it, as any file of a repository.
    descriptor = os.open(path, _NEW, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
