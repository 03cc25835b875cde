"""The project's files as they lie in the folder: the source that reading commands use.

Only regular files inside the project are read. A path is followed one name at a time without
following any symlink; where one is met, it is first worked out where it leads, and what leaves the
project is never opened.
"""

import errno
import os
import stat
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import NoReturn, Self

from voxmint.engine.failures import reason
from voxmint.engine.files import (
    described,
    open_beneath,
    open_folder_beneath,
    open_inside,
    read_bounded,
)
from voxmint.profiles.source import Listing, SourceError, is_yaml_name

_LINK_MET = (errno.ELOOP, errno.EMLINK, errno.ENOTDIR)
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
_LONGEST = 4096
"""How long a path may be, as on Linux: a longer one would be followed name by name in vain."""
_CIRCLE = "its symlinks run in a circle"


def is_listed(path: str) -> bool:
    """Whether a path, relative to a folder of the project, is one that its listing shows."""
    parts = path.split("/")
    return is_yaml_name(path) and not any(part.startswith(".") for part in parts)


class WorkTree:
    """The source of the files below a project's folder.

    Used as a context it reads many files for less: the folder of the last one stays open.
    """

    __slots__ = ("_last", "_real", "root")

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = os.path.realpath(root)
        self._last: _LastFolder | None = None

    def __enter__(self) -> Self:
        self._last = _LastFolder(self._real)
        return self

    def __exit__(self, *_: object) -> None:
        last, self._last = self._last, None
        if last is not None:
            last.close()

    def listing(self, folder: str) -> Listing:
        """The YAML files below the folder, and what of it could not be looked into.

        What is hidden is left out. Whatever else bears a YAML file's name is listed, so that
        reading it says what is wrong with it. A symlinked folder counts unless its real one is
        listed already. `SourceError` where the folder is missing, or cannot be listed itself.
        """
        start = self.real(folder)
        _check_folder(start)
        return _Walk(self).below(start, _prefix(folder))

    def read(self, path: str, limit: int) -> bytes:
        """The file's bytes; `SourceError` where it cannot be had or is over `limit` bytes."""
        descriptor = self._opened(path)
        try:
            return _content(descriptor, limit)
        except OSError as error:
            raise SourceError("unreadable", reason(error)) from error
        finally:
            os.close(descriptor)

    def real(self, path: str) -> str:
        """The real path of what the path names; `SourceError` where that is not in the project.

        A link to something hidden is refused too: that is where env files and git's own lie.
        """
        if len(path) > _LONGEST:
            raise SourceError("missing", "no file can have this name")
        try:
            real = os.path.realpath(Path(self._real, path))
        except ValueError as error:
            raise SourceError("missing", "no file can have this name") from error
        if real != self._real and not real.startswith(self._real.rstrip("/") + "/"):
            raise SourceError("outside", "it leads out of the project")
        hidden = {part for part in self.parts(real) if part.startswith(".")}
        if not hidden <= {".", *path.split("/")}:
            raise SourceError("outside", "it leads to something hidden")
        return real

    def parts(self, real: str) -> list[str]:
        """The way from the project's folder to a real path inside it."""
        return os.path.relpath(real, self._real).split("/")

    def _opened(self, path: str) -> int:
        parts = path.split("/")
        try:
            if ".." in parts or "" in parts:
                return self._opened_real(path)
            return self._open(parts)
        except ValueError as error:
            raise SourceError("missing", "no file can have this name") from error
        except OSError as error:
            if error.errno not in _LINK_MET:
                _refuse(error)
        return self._opened_real(path)

    def _opened_real(self, path: str) -> int:
        parts = self.parts(self.real(path))
        try:
            return self._open(parts)
        except OSError as error:
            _refuse(error)

    def _open(self, parts: list[str]) -> int:
        if self._last is None:
            return open_beneath(self._real, parts)
        return open_inside(self._last.holding(parts[:-1]), parts[-1])


class _LastFolder:
    """The folder that a file was read from last, held open, since the next one mostly lies there.

    It was reached without following a symlink; what bears its name later is another folder.
    """

    __slots__ = ("_base", "_descriptor", "_parts")

    def __init__(self, base: str) -> None:
        self._base = base
        self._parts: list[str] | None = None
        self._descriptor = -1

    def holding(self, parts: list[str]) -> int:
        """A descriptor of the folder, good until the next call; `OSError` as of `open_beneath`."""
        if parts != self._parts:
            self.close()
            self._descriptor = open_folder_beneath(self._base, parts)
            self._parts = parts
        return self._descriptor

    def close(self) -> None:
        if self._parts is not None:
            self._parts = None
            os.close(self._descriptor)


class _Walk:
    """One walk through a folder; every real folder is entered once, so that links cannot loop."""

    def __init__(self, tree: WorkTree) -> None:
        self._tree = tree
        self._entered: set[str] = set()
        self._linked: list[tuple[str, str]] = []
        self._found: list[str] = []
        self._refused: list[tuple[str, SourceError]] = []

    def below(self, folder: str, prefix: str) -> Listing:
        """What is found below a real folder; `SourceError` where it cannot be listed itself."""
        self._walk(self._scanned(folder, prefix))
        # Links last: a folder is listed under its own name rather than under a link's.
        while self._linked:
            links, self._linked = sorted(self._linked), []
            for link in links:
                self._walk([link])
        return Listing(sorted(self._found), sorted(self._refused, key=itemgetter(0)))

    def _walk(self, waiting: list[tuple[str, str]]) -> None:
        while waiting:
            folder, prefix = waiting.pop()
            try:
                waiting += self._scanned(folder, prefix)
            except SourceError as error:
                self._refused.append((prefix.rstrip("/"), error))

    def _scanned(self, folder: str, prefix: str) -> list[tuple[str, str]]:
        """Takes the files of one folder, and returns its own folders."""
        inner: list[tuple[str, str]] = []
        if folder in self._entered:
            return inner
        self._entered.add(folder)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = entry.name
                    if name.startswith("."):
                        continue
                    if is_yaml_name(name):
                        self._found.append(prefix + name)
                    elif entry.is_dir(follow_symlinks=False):
                        inner.append((entry.path, f"{prefix}{name}/"))
                    elif entry.is_symlink():
                        self._link(entry, prefix + name)
        except OSError as error:
            raise SourceError("unreadable", reason(error)) from error
        return inner

    def _link(self, entry: os.DirEntry[str], name: str) -> None:
        try:
            if entry.is_dir():
                self._linked.append((self._tree.real(entry.path), name + "/"))
            else:
                # What leads nowhere may have led to a folder of profiles.
                entry.stat()
        except OSError as error:
            refused = SourceError("unreadable", _why_not_followed(error))
            self._refused.append((name, refused))
        except SourceError as error:
            self._refused.append((name, error))


def _why_not_followed(error: OSError) -> str:
    if error.errno in _LINK_MET:
        return _CIRCLE
    return "it leads nowhere" if error.errno in _NOTHING_THERE else reason(error)


def _prefix(folder: str) -> str:
    name = str(PurePosixPath(folder))
    return "" if name == "." else name + "/"


def _content(descriptor: int, limit: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise SourceError("not-a-file", f"it is {described(status.st_mode)}")
    if status.st_size > limit or (data := read_bounded(descriptor, status.st_size, limit)) is None:
        raise SourceError("too-large", f"it has more than {limit} bytes")
    return data


def _check_folder(real: str) -> None:
    try:
        mode = os.stat(real).st_mode
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            raise SourceError("missing", "there is no such folder") from error
        said = _CIRCLE if error.errno in _LINK_MET else reason(error)
        raise SourceError("unreadable", said) from error
    if not stat.S_ISDIR(mode):
        raise SourceError("not-a-file", "it is not a folder")


def _refuse(error: OSError) -> NoReturn:
    if error.errno == errno.ENOENT:
        raise SourceError("missing", "there is no such file") from error
    if error.errno == errno.ENAMETOOLONG:
        raise SourceError("missing", "no file can have this name") from error
    if error.errno == errno.ENXIO:
        raise SourceError("not-a-file", "it is a socket") from error
    if error.errno == errno.ENOTDIR:
        raise SourceError("missing", "a file stands where its folder would be") from error
    if error.errno in _LINK_MET:
        raise SourceError("unreadable", _CIRCLE) from error
    raise SourceError("unreadable", reason(error)) from error
