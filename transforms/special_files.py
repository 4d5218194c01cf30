"""What a path names where it is no plain file: to read one of these may wait for ever."""

import os
import stat

KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISDIR, "a folder"),
)


def special_kind(path: str | os.PathLike) -> str | None:
    """What there is on this machine under the path; None for a plain file, or nothing at all."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return None
    return next((kind for test, kind in KINDS if test(mode)), None)
