"""Files of the owner alone: the folder of an embedded server, its locks and its secrets.

Whoever may read a lock file may lock it; whoever may write to the folder may put a link in the
place of a file. So neither may anybody else, and no link is followed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

#: The user and the group of a server that root starts, as a server refuses to be root.
NOBODY: Final = 65534


def make_private(folder: Path) -> None:
    """Take the rights on a folder away from all others. Raise `OSError` if it is another user's.

    Root lets the group of the server through, which has its data in there, but shows it no names.
    """
    if folder.is_symlink():
        folder = folder.resolve()
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise PermissionError(
            f"it belongs to the user {found.st_uid}, and this process runs as {os.geteuid()}: "
            "work as that user, or name a folder of your own"
        )
    mode = 0o700
    if os.geteuid() == 0:
        mode = 0o710
        if found.st_gid != NOBODY:
            os.chown(folder, -1, NOBODY)
    if found.st_mode & 0o777 != mode:
        folder.chmod(mode)


def open_private(path: Path, *, new: bool = False) -> BinaryIO:
    """Open a file to append to it, made readable for the owner alone; `new` refuses an old one.

    Raise `OSError` for a link, and for a file of another user.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags | (os.O_EXCL if new else 0), 0o600)
    file = os.fdopen(handle, "ab")
    try:
        found = os.fstat(handle)
        if found.st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to the user {found.st_uid}")
        if found.st_mode & 0o777 != 0o600:
            os.fchmod(handle, 0o600)
    except OSError:
        file.close()
        raise
    return file


def write_private(path: Path, text: str) -> None:
    """Write a new file that the owner alone can read; raise `OSError` where there is one."""
    with open_private(path, new=True) as file:
        file.write(text.encode())
