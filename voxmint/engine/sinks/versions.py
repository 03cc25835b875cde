"""A folder of files that changes as a whole, in the form of mounted secrets.

    tokens/
      ..voxmint-5e9f…/     a version: the files themselves, never changed once it holds
      ..data               a link to the version that holds: replacing it is the switch
      CLINIC_CLIENT_SECRET → ..data/CLINIC_CLIENT_SECRET

A new name's link is there before the switch, leading nowhere, and an old name's after it: so no
program ever sees a part of what one version holds.

Everything happens in folders that are held open, and no link is followed but `..data`, whose text
is looked at first. What a killed run left is known by its name, and `sweep` removes it.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from voxmint.engine.failures import failure, reason
from voxmint.engine.files import (
    MAX_BYTES,
    Target,
    described,
    flush_folder,
    open_folder_beneath,
    open_inside,
    read_bounded,
    write_all,
    writing,
)
from voxmint.engine.wording import (
    FILE_NOT_REGULAR,
    FILE_UNWRITABLE,
    FOLDER_MISSING,
    SINK_FILE_FOREIGN,
)
from voxmint.problems import ProblemsError

DATA = "..data"
"""The link to the version that holds."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_VERSION = re.compile(r"\.\.voxmint-[0-9a-f]{16}")
_LINK = re.compile(r"\.\.link-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may read: the mode of files, and the number of the group that they are given to."""

    mode: int = 0o600
    group: int | None = None

    @property
    def of_folders(self) -> int:
        """The mode of folders, for the same readers."""
        readers = self.mode & 0o044
        return 0o700 | readers | readers >> 2

    def fits(self, status: os.stat_result, mode: int) -> bool:
        """Whether something has this mode, and the group."""
        return stat.S_IMODE(status.st_mode) == mode and self.group in {None, status.st_gid}

    def give(self, descriptor: int, mode: int) -> None:
        """Give an open file or folder its group, and then this mode."""
        if self.group is not None:
            os.fchown(descriptor, -1, self.group)
        os.fchmod(descriptor, mode)


class Versions:
    """Such a folder, held open: a context that closes it."""

    def __init__(self, target: Target, *, makes: bool = False) -> None:
        """Opens the folder; `makes` it where there is none, and `FileNotFoundError` without."""
        self.label = target.label
        self._root = -1
        try:
            self._root = _opened(target, makes=makes)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise failure(FILE_UNWRITABLE, path=self.label, reason=reason(error)) from error

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
        """Let the folder go; closing twice does nothing."""
        root, self._root = self._root, -1
        if root >= 0:
            os.close(root)

    def current(self) -> str | None:
        """The name of the version that holds, if any; `ProblemsError` where another's link is."""
        try:
            version = os.readlink(DATA, dir_fd=self._root)
        except FileNotFoundError:
            return None
        except OSError as error:
            found = f"its `{DATA}` is not a link"
            raise failure(SINK_FILE_FOREIGN, path=self.label, found=found) from error
        if not _VERSION.fullmatch(version):
            found = f"its `{DATA}` leads to what another program keeps"
            raise failure(SINK_FILE_FOREIGN, path=self.label, found=found)
        return version

    def names(self) -> frozenset[str]:
        """The files that hold something, under names that lead to them; reads none of them."""
        version = self.current()
        if version is None:
            return frozenset()
        with writing(self.label), self._opened_version(version) as folder:
            if folder is None:
                return frozenset()
            with os.scandir(folder) as found:
                files = [one.name for one in found if one.stat(follow_symlinks=False).st_size]
            return frozenset(name for name in files if self._is_linked(name))

    def obstacle(self, name: str) -> str | None:
        """What stands where a name is to be, if that cannot be replaced."""
        with suppress(FileNotFoundError):
            status = os.stat(name, dir_fd=self._root, follow_symlinks=False)
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                return described(status.st_mode)
        return None

    def may_write(self) -> bool:
        """Whether this user may make files in the folder."""
        return os.access(".", os.W_OK | os.X_OK, dir_fd=self._root, effective_ids=True)

    def sweep(self) -> None:
        """Remove what killed runs left; only under the folder's lock."""
        version = self.current()
        with writing(self.label):
            with os.scandir(self._root) as found:
                left = [one.name for one in found if one.name != version]
            for name in left:
                if _VERSION.fullmatch(name):
                    self.remove(name)
                elif _LINK.fullmatch(name):
                    os.unlink(name, dir_fd=self._root)
            self._unlink_dangling()

    def is_already(self, values: Mapping[str, bytes], gone: Set[str], access: Access) -> bool:
        """Whether the version that holds has these values, none of those, and is for these."""
        version = self.current()
        if version is None:
            return not values
        with writing(self.label), self._opened_version(version) as folder:
            if folder is None or not self._fits(folder, access):
                return False
            names = set(os.listdir(folder))
            return gone.isdisjoint(names) and all(
                name in names and self._is_linked(name) and _content(folder, name, access) == data
                for name, data in values.items()
            )

    def _fits(self, folder: int, access: Access) -> bool:
        mode = access.of_folders
        return all(access.fits(os.fstat(one), mode) for one in (self._root, folder))

    def stage(self, values: Mapping[str, bytes], gone: Set[str], access: Access) -> str:
        """Make a version with these values, those of the one that holds, and none of `gone`."""
        name = f"..voxmint-{secrets.token_hex(8)}"
        with writing(self.label):
            try:
                os.mkdir(name, 0o700, dir_fd=self._root)
                folder = os.open(name, _FOLDER, dir_fd=self._root)
                try:
                    self._fill(folder, values, gone, access)
                    access.give(folder, access.of_folders)
                    flush_folder(folder)
                finally:
                    os.close(folder)
            except BaseException:
                self.remove(name)
                raise
        return name

    def _fill(
        self, folder: int, values: Mapping[str, bytes], gone: Set[str], access: Access
    ) -> None:
        for name, data in values.items():
            _write(folder, name, data, access)
        version = self.current()
        if version is None:
            return
        with self._opened_version(version) as before:
            if before is not None:
                for name in set(os.listdir(before)) - values.keys() - gone:
                    _carry_over(before, folder, name, access)

    def holds(self, version: str, values: Mapping[str, bytes], access: Access) -> bool:
        """Whether a version holds just these values, and maybe others, as the disk says."""
        with writing(self.label), self._opened_version(version) as folder:
            return folder is not None and all(
                _content(folder, name, access) == data for name, data in values.items()
            )

    def switch(self, version: str, access: Access) -> None:
        """Have the names lead to this version, all at once; the one before it goes.

        New names lead nowhere until then. Where that fails, or the run is killed, they go again:
        here, or with the next `sweep`.
        """
        before = self.current()
        with writing(self.label):
            if not access.fits(os.fstat(self._root), access.of_folders):
                access.give(self._root, access.of_folders)
            names = self._files(version)
            try:
                self._link_ahead(names)
                self._link(version, DATA)
            except BaseException:
                with suppress(OSError, ProblemsError):
                    self._unlink_dangling()
                raise
            flush_folder(self._root)
            for name in sorted(names):
                # What others put there holds until there is a value to take its place.
                if not self._is_linked(name):
                    self._link(f"{DATA}/{name}", name)
            self._unlink_dangling()
            flush_folder(self._root)
            if before is not None and before != version:
                self.remove(before)

    def _link_ahead(self, names: Set[str]) -> None:
        """Makes the links of names that nothing bears yet."""
        missing = names - set(os.listdir(self._root))
        for name in sorted(missing):
            with suppress(FileExistsError):
                os.symlink(f"{DATA}/{name}", name, dir_fd=self._root)
        if missing:
            flush_folder(self._root)

    def _unlink_dangling(self) -> None:
        """Removes the links of names that the version that holds does not have."""
        version = self.current()
        held = frozenset() if version is None else self._files(version)
        with os.scandir(self._root) as found:
            links = [one.name for one in found if one.is_symlink() and one.name not in held]
        for name in links:
            if self._is_linked(name):
                os.unlink(name, dir_fd=self._root)

    def _files(self, version: str) -> frozenset[str]:
        """The names in a version; none where somebody has removed it."""
        with self._opened_version(version) as folder:
            return frozenset() if folder is None else frozenset(os.listdir(folder))

    def discard(self, version: str) -> None:
        """Remove a version that was staged, unless the names lead to it already."""
        with suppress(OSError):
            if os.readlink(DATA, dir_fd=self._root) == version:
                return
        self.remove(version)

    def remove(self, version: str) -> None:
        """Remove a version with what is in it; what cannot be removed is left for a sweep."""
        with suppress(OSError):
            folder = os.open(version, _FOLDER, dir_fd=self._root)
            try:
                for name in os.listdir(folder):
                    os.unlink(name, dir_fd=folder)
            finally:
                os.close(folder)
            os.rmdir(version, dir_fd=self._root)

    def _is_linked(self, name: str) -> bool:
        try:
            return os.readlink(name, dir_fd=self._root) == f"{DATA}/{name}"
        except OSError:
            return False

    def _link(self, to: str, name: str) -> None:
        """Makes a link, in place of what bears the name."""
        temporary = f"..link-{secrets.token_hex(8)}"
        os.symlink(to, temporary, dir_fd=self._root)
        try:
            os.rename(temporary, name, src_dir_fd=self._root, dst_dir_fd=self._root)
        except OSError:
            os.unlink(temporary, dir_fd=self._root)
            raise

    @contextmanager
    def _opened_version(self, version: str) -> Iterator[int | None]:
        """The folder of a version; `None` where somebody has removed it."""
        try:
            folder = os.open(version, _FOLDER, dir_fd=self._root)
        except FileNotFoundError:
            yield None
            return
        try:
            yield folder
        finally:
            os.close(folder)


def _opened(target: Target, *, makes: bool) -> int:
    try:
        parent = open_folder_beneath(str(target.base), target.parts)
    except FileNotFoundError as error:
        raise failure(FOLDER_MISSING, path=target.label, folder=target.folder) from error
    try:
        if makes:
            with suppress(FileExistsError):
                os.mkdir(target.name, 0o700, dir_fd=parent)
                flush_folder(parent)
        return os.open(target.name, _FOLDER, dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        found = described(os.stat(target.name, dir_fd=parent, follow_symlinks=False).st_mode)
        raise failure(FILE_NOT_REGULAR, path=target.label, found=f"{found}, not a folder") from None
    finally:
        os.close(parent)


def _content(folder: int, name: str, access: Access) -> bytes | None:
    """What a file of a version holds; `None` where it is none, or is for others."""
    try:
        descriptor = open_inside(folder, name)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not (stat.S_ISREG(status.st_mode) and access.fits(status, access.mode)):
            return None
        return read_bounded(descriptor, status.st_size, MAX_BYTES)
    finally:
        os.close(descriptor)


def _write(folder: int, name: str, data: bytes, access: Access) -> None:
    descriptor = os.open(name, _NEW, 0o600, dir_fd=folder)
    try:
        write_all(descriptor, data)
        access.give(descriptor, access.mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _carry_over(before: int, folder: int, name: str, access: Access) -> None:
    """Has a version hold a file of the one before it: the same one, where it is for the same."""
    status = os.stat(name, dir_fd=before, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return
    if access.fits(status, access.mode):
        # Some file systems know no second name for a file.
        with suppress(OSError):
            os.link(name, name, src_dir_fd=before, dst_dir_fd=folder, follow_symlinks=False)
            return
    descriptor = open_inside(before, name)
    try:
        data = read_bounded(descriptor, status.st_size, MAX_BYTES)
    finally:
        os.close(descriptor)
    _write(folder, name, data or b"", access)
