"""Files read and replaced so that nothing leads elsewhere and nothing is ever half there.

Every file is reached through folders that are held open, one name at a time and without following
a symlink, so that one swapped in between a check and a write changes nothing. A file is replaced
as a whole: written beside its target with mode 0600 from the first byte, flushed to the disk, and
renamed over it. What a killed run left beside a target is known by its name, and `Place.sweep`
removes it.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from voxmint.engine.failures import failure, reason
from voxmint.engine.wording import (
    FILE_IS_SYMLINK,
    FILE_NOT_REGULAR,
    FILE_TOO_LARGE,
    FILE_UNREADABLE,
    FILE_UNWRITABLE,
    FOLDER_MISSING,
    PATH_OUTSIDE,
)
from voxmint.problems import UsageError

ALLOW_PATHS = "VOXMINT_ALLOW_PATHS"
"""The operator's variable: folders outside the project that may be written to."""

MAX_BYTES = 32 * 1024 * 1024
"""The size that no file which is read before it is replaced may exceed, in bytes."""

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a named pipe would wait for a writer.
_OPEN_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

# The target's name comes first, so that a .gitignore line such as `.env.*` covers it too.
_STAGED_NAME = "{name}.voxmint-{key}.tmp"
_STAGED_PATTERN = r"(?P<name>.+)\.voxmint-[0-9a-f]{16}\.tmp"

_LINK_MET = (errno.ELOOP, errno.EMLINK)


def open_beneath(base: str, parts: Sequence[str]) -> int:
    """A descriptor of the file `base/part/…/part`, reached without following any symlink.

    `base` is a real path; `OSError` as of `open`, with `ELOOP` or `ENOTDIR` where a symlink is met.
    """
    folder = open_folder_beneath(base, parts[:-1])
    try:
        return open_inside(folder, parts[-1])
    finally:
        os.close(folder)


def open_inside(folder: int, name: str) -> int:
    """As `open_beneath`, for a file of a folder that is held open."""
    return os.open(name, _OPEN_FILE, dir_fd=folder)


def open_folder_beneath(base: str, parts: Sequence[str]) -> int:
    """As `open_beneath`, for a folder; of no parts, it is `base` itself."""
    folder = os.open(base, _OPEN_FOLDER)
    for part in parts:
        try:
            inner = os.open(part, _OPEN_FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def read_bounded(descriptor: int, size: int, limit: int) -> bytes | None:
    """What an open file of about this size holds; `None` where that is more than `limit` bytes.

    The size is only a first guess: a file may grow while it is read.
    """
    chunks: list[bytes] = []
    total, wanted = 0, size + 1
    while chunk := os.read(descriptor, asked := min(wanted, limit + 1 - total)):
        chunks.append(chunk)
        total += len(chunk)
        if total > limit:
            return None
        if total == size and len(chunk) < asked:
            break  # it ends where it should: as nearly all do, and to ask again takes as long
        wanted = 65536
    return b"".join(chunks)


def described(mode: int) -> str:
    """What a file of this mode is, in words."""
    names = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFLNK: "a symlink",
        stat.S_IFREG: "a file",
    }
    return names.get(stat.S_IFMT(mode), "a device")


def allowed_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The real paths of the folders in `VOXMINT_ALLOW_PATHS`, which are separated as in PATH.

    They are absolute, so that they mean the same from everywhere; `UsageError` for any other.
    """
    named = [Path(entry) for entry in environ.get(ALLOW_PATHS, "").split(os.pathsep) if entry]
    for folder in named:
        if not folder.is_absolute():
            raise UsageError(f"{ALLOW_PATHS}: `{folder}` is not an absolute path")
    return tuple(folder.resolve() for folder in named)


class Target(NamedTuple):
    """A file to be written: the folder it lies in, really, and what people call it.

    `base` is the real folder that the way to the file may not leave; `parts` lead from there to
    the file's folder.
    """

    base: Path
    parts: tuple[str, ...]
    name: str
    label: str

    @property
    def folder(self) -> Path:
        return self.base.joinpath(*self.parts)

    @property
    def path(self) -> Path:
        return self.folder / self.name


def target_within(project: Path, path: str, allowed: Sequence[Path] = ()) -> Target:
    """Where a path from the project's files leads: inside the project, or inside what is allowed.

    The path is relative to the project unless it is absolute. Symlinks among its folders count as
    where they lead; the file itself is never followed. `ProblemsError` where the path leads
    outside, or has no name of a file.
    """
    project = project.resolve()
    given = project / path
    # A path that ends in `..` names a folder, and `resolve` would hide where it leads.
    if given.name in {"", ".."} or "\0" in path:
        raise failure(FILE_NOT_REGULAR, path=path, found="the name of a folder")
    folder = _resolved(given.parent, path)
    for base in (project, *allowed):
        if folder.is_relative_to(base):
            return Target(base, folder.relative_to(base).parts, given.name, path)
    raise failure(PATH_OUTSIDE, path=path, folder=folder)


def _resolved(folder: Path, label: str) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError) as error:
        raise failure(FILE_UNWRITABLE, path=label, reason="its symlinks run in a circle") from error


def target_at(path: Path) -> Target:
    """The file at a path that the operator gave, wherever that leads."""
    return Target(path.parent.resolve(), (), path.name, str(path))


class Existing(NamedTuple):
    """A file as it was when it was read."""

    data: bytes
    mode: int
    owner: int
    group: int
    identity: tuple[int, ...]

    def __repr__(self) -> str:
        # A file that secrets are written to holds some already.
        return f"Existing({len(self.data)} bytes, mode={self.mode:o})"


class Place:
    """A target whose folder is held open; close it, or use it as a context.

    Everything happens in that very folder, even if another one has come to bear its name. What was
    staged and not switched is removed when it is closed, however that comes about. A place for
    another file of the same folder can be made `beside` it, and is closed before it.
    """

    def __init__(self, target: Target, beside: "Place | None" = None) -> None:
        self.target = target
        self._staged: set[str] = set()
        self._owns_folder = beside is None
        self._folder = _opened(target) if beside is None else beside.folder

    @property
    def folder(self) -> int:
        """The descriptor of the folder, for as long as the place is open."""
        return self._folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what is still staged, and let the folder go; closing twice does nothing."""
        for name in tuple(self._staged):
            self.remove(name)
        folder, self._folder = self._folder, -1
        if folder >= 0 and self._owns_folder:
            os.close(folder)

    def read(self, limit: int = MAX_BYTES) -> Existing | None:
        """The target as it is; `None` where there is none, `ProblemsError` where it is no file."""
        label = self.target.label
        try:
            descriptor = os.open(self.target.name, _OPEN_FILE, dir_fd=self._folder)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in _LINK_MET:
                raise failure(FILE_IS_SYMLINK, path=label) from error
            if error.errno == errno.ENXIO:
                raise failure(FILE_NOT_REGULAR, path=label, found="a socket") from error
            raise failure(FILE_UNREADABLE, path=label, reason=reason(error)) from error
        try:
            return self._existing(descriptor, limit)
        finally:
            os.close(descriptor)

    def _existing(self, descriptor: int, limit: int) -> Existing:
        label = self.target.label
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise failure(FILE_NOT_REGULAR, path=label, found=described(status.st_mode))
        try:
            data = read_bounded(descriptor, status.st_size, limit)
        except OSError as error:
            raise failure(FILE_UNREADABLE, path=label, reason=reason(error)) from error
        if data is None:
            raise failure(FILE_TOO_LARGE, path=label, limit=limit)
        mode = stat.S_IMODE(status.st_mode)
        return Existing(data, mode, status.st_uid, status.st_gid, _identity(status))

    def is_still(self, existing: Existing | None) -> bool:
        """Whether the target is the very file that was read, untouched since."""
        try:
            status = os.stat(self.target.name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return existing is None
        except OSError as error:
            raise failure(FILE_UNREADABLE, path=self.target.label, reason=reason(error)) from error
        return existing is not None and _identity(status) == existing.identity

    def may_write(self) -> bool:
        """Whether this user may make files in the folder."""
        return os.access(".", os.W_OK | os.X_OK, dir_fd=self._folder, effective_ids=True)

    def sweep(self, names: Set[str] | None = None) -> int:
        """Remove what killed runs left beside the target; says how many files that were.

        `names` are those of the targets, where one folder holds many.

        Call it only under the target's lock: without it, a file may be another run's work.
        """
        known = {self.target.name} if names is None else names
        with writing(self.target.label):
            with os.scandir(self._folder) as entries:
                left = [entry.name for entry in entries if _staged_for(entry.name) in known]
            return sum(self._swept(name) for name in left)

    def _swept(self, name: str) -> bool:
        status = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            return False
        os.unlink(name, dir_fd=self._folder)
        return True

    def stage(
        self, data: bytes, mode: int = 0o600, group: int | None = None, owner: int | None = None
    ) -> "Staged":
        """Write the data beside the target, where nobody else can read it yet.

        Group and owner are numbers, by default what the system gives a new file.
        """
        from secrets import token_hex  # only a write needs it

        name = _STAGED_NAME.format(name=self.target.name, key=token_hex(8))
        # Before it is made: an interrupt can come at any moment.
        self._staged.add(name)
        with writing(self.target.label):
            self._write(name, data, mode, group, owner)
        return Staged(self, name, data)

    def _write(
        self, name: str, data: bytes, mode: int, group: int | None, owner: int | None
    ) -> None:
        descriptor = os.open(name, _OPEN_NEW, 0o600, dir_fd=self._folder)
        try:
            write_all(descriptor, data)
            # The group first: a wider mode is meant for that group, not for the one it began with.
            if group is not None or owner is not None:
                os.fchown(
                    descriptor, -1 if owner is None else owner, -1 if group is None else group
                )
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def holds(self, name: str, data: bytes) -> bool:
        """Whether a file of the folder holds just this data, as the disk gives it back."""
        with writing(self.target.label):
            descriptor = os.open(name, _OPEN_FILE, dir_fd=self._folder)
            try:
                return read_bounded(descriptor, len(data), len(data)) == data
            finally:
                os.close(descriptor)

    def rename(self, name: str) -> None:
        """Put a staged file in the target's place, for good."""
        folder = self._folder
        with writing(self.target.label):
            os.rename(name, self.target.name, src_dir_fd=folder, dst_dir_fd=folder)
            self._staged.discard(name)
            flush_folder(folder)

    def delete(self) -> None:
        """Remove the target itself, for good; one that is not there is no mistake."""
        with writing(self.target.label):
            with suppress(FileNotFoundError):
                os.unlink(self.target.name, dir_fd=self._folder)
            flush_folder(self._folder)

    def remove(self, name: str) -> None:
        """Remove a staged file; one that cannot be removed is left for the next sweep."""
        with suppress(OSError):
            os.unlink(name, dir_fd=self._folder)
        self._staged.discard(name)


class Staged:
    """A file's new content, on the disk beside it and not yet in its place."""

    def __init__(self, place: Place, name: str, data: bytes) -> None:
        self._place = place
        self._name = name
        self._data = data

    def reads_back(self) -> bool:
        """Whether the disk holds what was written."""
        return self._place.holds(self._name, self._data)

    def switch(self) -> None:
        """Put the new content in its place, at once and for good."""
        self._place.rename(self._name)

    def discard(self) -> None:
        """Remove the new content; after a switch there is nothing to remove."""
        self._place.remove(self._name)


def write_atomically(
    path: Path, data: bytes, *, mode: int = 0o600, group: int | None = None
) -> bool:
    """Replace the file as a whole; `False` where it already is so, and it was left alone.

    Its folder must exist. The group is a number. `ProblemsError` where the target is a symlink, no
    file, or cannot be written; it then is as it was, and nothing lies beside it.
    """
    with Place(target_at(path)) as place:
        if is_already(place.read(), data, mode, group):
            return False
        place.stage(data, mode, group).switch()
        return True


def is_already(existing: Existing | None, data: bytes, mode: int, group: int | None) -> bool:
    """Whether a file is already what it is to become."""
    return (
        existing is not None
        and existing.data == data
        and existing.mode == mode
        and group in {None, existing.group}
    )


def _opened(target: Target) -> int:
    try:
        return open_folder_beneath(str(target.base), target.parts)
    except FileNotFoundError as error:
        raise failure(FOLDER_MISSING, path=target.label, folder=target.folder) from error
    except OSError as error:
        raise failure(FILE_UNWRITABLE, path=target.label, reason=reason(error)) from error


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """What changes when a file is written to or replaced."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_mode,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _staged_for(name: str) -> str | None:
    """The name of the target that a file of this name was staged for, if it was."""
    found = re.fullmatch(_STAGED_PATTERN, name)
    return found["name"] if found else None


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the data, however many writes that takes."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def flush_folder(folder: int) -> None:
    """Have the disk keep what was renamed, made and removed in an open folder."""
    try:
        os.fsync(folder)
    except OSError as error:
        # Some file systems have no such thing; theirs is then durable as soon as it ever is.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EBADF}:
            raise


@contextmanager
def writing(label: str) -> Iterator[None]:
    """Turns what the system says against a write into a problem with the path of that name."""
    try:
        yield
    except OSError as error:
        raise failure(FILE_UNWRITABLE, path=label, reason=reason(error)) from error
