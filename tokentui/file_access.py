"""Who a file belongs to and who may read it, taken over by the file that replaces it.

Replace-by-rename makes a new inode: owner, group, mode, ACL, extended attributes and SELinux label
are as for any new file, unless they are set before the rename.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

_OF_CONTENT = {"security.ima", "security.evm"}
"""Attributes that the kernel derives from the content: of another content, they would be wrong."""
_WITHOUT_ACCESS = ("user.", "trusted.")
"""How names of attributes begin that say nothing about who may read a file (xattr(7))."""
_OWNERS_BITS = 0o700
_KNOWN = {
    "system.posix_acl_access": "its access control list",
    "system.nfs4_acl": "its access control list",
    "security.selinux": "its SELinux label",
}


class _Loss(msgspec.Struct, frozen=True):
    """Something that a new file could not get, and whether it decides who may read the file."""

    what: str
    decides_access: bool


def take_over(descriptor: int, path: Path) -> list[str]:
    """Give a new file of mode 0600 all that `path` has beside its content.

    Returns what could not be given, as words for people: only root gives files away, a user only
    to groups of theirs, and not every file system has ACLs. Access never becomes wider: where the
    group or an ACL is lost, everybody but the owner loses the right to read. Raises `OSError`
    only where `path` cannot be looked at.
    """
    old = path.stat()
    lost = [*_take_owner(descriptor, old), *_take_attributes(descriptor, path)]
    wanted = mode = stat.S_IMODE(old.st_mode)
    if any(each.decides_access for each in lost):
        mode &= _OWNERS_BITS
    # Last, because until here nobody else could read the file. Where this fails, nobody can.
    if (present := _mode(descriptor)) != mode:
        with suppress(OSError):
            os.fchmod(descriptor, mode)
        present = _mode(descriptor)
    said = [each.what for each in lost]
    if present != wanted:
        said.append("read permission for others")
    return said


def _mode(descriptor: int) -> int:
    return stat.S_IMODE(os.fstat(descriptor).st_mode)


def _take_owner(descriptor: int, old: os.stat_result) -> Iterator[_Loss]:
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) == (old.st_uid, old.st_gid):
        return
    for owner in (old.st_uid, -1):
        with suppress(OSError):
            os.chown(descriptor, owner, old.st_gid)
            break
    made = os.fstat(descriptor)
    if made.st_uid != old.st_uid:
        yield _Loss(f"its owner {_user(old.st_uid)}", decides_access=False)
    if made.st_gid != old.st_gid:
        yield _Loss(f"its group {_group(old.st_gid)}", decides_access=True)


def _take_attributes(descriptor: int, path: Path) -> Iterator[_Loss]:
    wanted, found = _attributes(path), _attributes(descriptor)
    for name in found.keys() - wanted.keys():
        # A folder's default ACL is handed down to new files, and would let more people read.
        if name.startswith("system."):
            try:
                os.removexattr(descriptor, name)
            except OSError:
                yield _loss(name)
    for name, value in wanted.items():
        if value is None:
            yield _loss(name)
        elif value != found.get(name):
            try:
                os.setxattr(descriptor, name, value)
            except OSError:
                yield _loss(name)


def _loss(name: str) -> _Loss:
    what = _KNOWN.get(name, f"its attribute {name}")
    return _Loss(what, decides_access=not name.startswith(_WITHOUT_ACCESS))


def _attributes(file: Path | int) -> dict[str, bytes | None]:
    """Return the extended attributes of a file, ACLs among them; None is one that may not be read.

    There are none where the file system or the operating system has none.
    """
    if not hasattr(os, "listxattr"):
        return {}
    try:
        names = set(os.listxattr(file)) - _OF_CONTENT
    except OSError:
        return {}
    values: dict[str, bytes | None] = {}
    for name in sorted(names):
        try:
            values[name] = os.getxattr(file, name)
        except OSError:
            values[name] = None
    return values


def _user(number: int) -> str:
    import pwd  # seldom needed

    with suppress(KeyError):
        return pwd.getpwuid(number).pw_name
    return str(number)


def _group(number: int) -> str:
    import grp  # seldom needed

    with suppress(KeyError):
        return grp.getgrgid(number).gr_name
    return str(number)
