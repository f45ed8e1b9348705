"""Private files: the folder of an embedded server, its locks and its secrets.

A user who can read a lock file can lock it. A user who can write to the folder can replace a file
by a link. So only the owner can do either, and no link is followed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

#: The user and the group of a server that root starts: PostgreSQL refuses to run as root.
NOBODY: Final = 65534


def make_private(folder: Path) -> None:
    """Remove all rights of others on a folder. Raise `OSError` if it belongs to another user.

    If this is root, the group of the server may enter the folder, which contains its data, but not
    list it.
    """
    if folder.is_symlink():
        folder = folder.resolve()
    status = folder.stat()
    if status.st_uid != os.geteuid():
        raise PermissionError(
            f"it belongs to the user {status.st_uid}, and this process runs as {os.geteuid()}: "
            "work as that user, or name a folder of your own"
        )
    mode = 0o700
    if os.geteuid() == 0:
        mode = 0o710
        if status.st_gid != NOBODY:
            os.chown(folder, -1, NOBODY)
    if status.st_mode & 0o777 != mode:
        folder.chmod(mode)


def open_private(path: Path, *, new: bool = False) -> BinaryIO:
    """Open a file to append to it, and let only the owner read it; `new`: it must not exist.

    Raise `OSError` for a link, and for a file of another user.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags | (os.O_EXCL if new else 0), 0o600)
    file = os.fdopen(handle, "ab")
    try:
        status = os.fstat(handle)
        if status.st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to the user {status.st_uid}")
        if status.st_mode & 0o777 != 0o600:
            os.fchmod(handle, 0o600)
    except OSError:
        file.close()
        raise
    return file


def write_private(path: Path, text: str) -> None:
    """Write a new file that the owner alone can read; raise `OSError` where there is one."""
    with open_private(path, new=True) as file:
        file.write(text.encode())
