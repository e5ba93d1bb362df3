"""What a file keeps when another one is put in its place: who it belongs to and who may read it."""

import errno
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.opening import one, open_files, open_store
from tokentui import files
from tokentui.core.token import Token
from tokentui.stores import change_problems

from .contracts.samples import token

_ACL = "system.posix_acl_access"
_NOBODY = 65534
_ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


def replaced(path: Path) -> list[str]:
    """Replace `path` and return what it lost."""
    lost: list[str] = []
    files.replace(path, b"new", on_loss=lost.extend)
    assert path.read_bytes() == b"new"
    return lost


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def setfacl(path: Path, *arguments: str) -> None:
    """Change an ACL, or skip the test where the file system has none."""
    done = subprocess.run(
        ["setfacl", *arguments, str(path)], capture_output=True, text=True, check=False
    )
    if "not supported" in done.stderr:
        pytest.skip(f"no ACLs on this file system: {done.stderr.strip()}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a file that its group may read."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    return path


@pytest.fixture
def labelled(old: Path) -> Path:
    """Return a file with an attribute that somebody gave it."""
    try:
        os.setxattr(old, "user.origin", b"here")
    except OSError as error:
        pytest.skip(f"no attributes on this file system: {error}")
    return old


class TestKept:
    @pytest.mark.parametrize("wanted", [0o600, 0o640, 0o644, 0o400, 0o750])
    def test_the_mode(self, old: Path, wanted: int) -> None:
        old.chmod(wanted)
        assert replaced(old) == []
        assert mode(old) == wanted

    def test_attributes(self, labelled: Path) -> None:
        assert replaced(labelled) == []
        assert os.getxattr(labelled, "user.origin") == b"here"
        assert mode(labelled) == 0o640

    @pytest.mark.needs("setfacl")
    def test_an_acl_and_no_right_for_the_group_that_only_seems_to_have_one(self, old: Path) -> None:
        old.chmod(0o600)
        setfacl(old, "-m", f"u:{_NOBODY}:r")
        assert mode(old) == 0o640, "the mask, which is shown as the rights of the group"
        before = os.getxattr(old, _ACL)
        assert replaced(old) == []
        assert os.getxattr(old, _ACL) == before
        assert mode(old) == 0o640

    @pytest.mark.needs("setfacl")
    def test_that_it_has_no_acl(self, old: Path) -> None:
        setfacl(old.parent, "-d", "-m", f"u:{_NOBODY}:r")
        assert _ACL not in os.listxattr(old)
        assert replaced(old) == []
        assert _ACL not in os.listxattr(old)
        assert mode(old) == 0o640

    @_ROOT_ONLY
    def test_owner_group_and_label(self, old: Path) -> None:
        os.chown(old, 1234, 5678)
        label = "security.selinux"
        value = b"system_u:object_r:etc_t:s0\0"
        try:
            os.setxattr(old, label, value)
        except OSError as error:
            pytest.skip(f"no labels can be set here: {error}")
        value = os.getxattr(old, label)
        assert replaced(old) == []
        assert (old.stat().st_uid, old.stat().st_gid, mode(old)) == (1234, 5678, 0o640)
        assert os.getxattr(old, label) == value

    def test_nothing_of_what_stands_for_the_old_content(
        self, old: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "listxattr", lambda _: ["security.ima", "security.evm"])
        monkeypatch.setattr(os, "setxattr", mock.Mock(side_effect=AssertionError))
        assert replaced(old) == []


class TestLost:
    """What cannot be kept is said, makes access narrower at most, and hinders no change."""

    @pytest.fixture
    def others(self, old: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Let the file belong to a group that the user is not in."""
        look = Path.stat

        def of_others(path: Path, **more: bool) -> os.stat_result:
            facts = look(path, **more)
            if path != old:
                return facts
            return os.stat_result((*facts[:5], facts.st_gid + 54321, *facts[6:]))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "stat", of_others)
            patch.setattr(os, "chown", mock.Mock(side_effect=PermissionError))
            yield

    @pytest.mark.parametrize("wanted", [0o640, 0o604])
    def test_a_group(self, old: Path, others: None, wanted: int) -> None:
        old.chmod(wanted)
        group = str(old.stat().st_gid)
        assert replaced(old) == [f"its group {group}", "read permission for others"]
        assert stat.S_IMODE(os.lstat(old).st_mode) == 0o600

    def test_what_only_its_owner_reads_loses_no_right(self, old: Path, others: None) -> None:
        old.chmod(0o600)
        assert replaced(old) == [f"its group {old.stat().st_gid}"]

    @pytest.mark.needs("setfacl")
    def test_an_acl(self, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        old.chmod(0o600)
        setfacl(old, "-m", f"u:{_NOBODY}:r")
        monkeypatch.setattr(os, "setxattr", mock.Mock(side_effect=OSError(errno.ENOTSUP, "")))
        assert replaced(old) == ["its access control list", "read permission for others"]
        assert mode(old) == 0o600

    def test_an_attribute_that_says_nothing_of_access(
        self, labelled: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "setxattr", mock.Mock(side_effect=OSError(errno.ENOSPC, "")))
        assert replaced(labelled) == ["its attribute user.origin"]
        assert mode(labelled) == 0o640

    def test_a_mode_that_may_not_be_set(self, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "fchmod", mock.Mock(side_effect=PermissionError))
        assert replaced(old) == ["read permission for others"]
        assert mode(old) == 0o600

    @_ROOT_ONLY
    def test_an_owner_where_root_may_give_nothing_away(
        self, old: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.chown(old, 1234, -1)
        monkeypatch.setattr(os, "chown", mock.Mock(side_effect=PermissionError))
        assert replaced(old) == ["its owner 1234"]
        assert mode(old) == 0o640


class TestStore:
    def test_the_loss_is_said_before_and_with_a_change_that_it_does_not_hinder(
        self, store_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = open_store(str(store_path))
        store.apply(added=[token(1)])
        said: list[str] = []
        store.on_notice = said.append
        try:
            os.setxattr(store_path, "user.origin", b"here")
        except OSError as error:
            pytest.skip(f"no attributes on this file system: {error}")
        assert list(change_problems(str(store_path))) == []
        with monkeypatch.context() as patch:
            patch.setattr(os, "setxattr", mock.Mock(side_effect=OSError(errno.ENOTSUP, "")))
            [before] = change_problems(str(store_path))
            store.apply(added=[token(2)])
        lost = "its attribute user.origin"
        assert before.startswith(
            f"The next change by this user will remove {lost} from {store_path}."
        )
        [after] = [each for each in said if "backup" not in each]
        assert after.startswith(f"{store_path} was changed, but the file lost {lost}.")
        assert list(store_path.parent.glob(".*")) == []

    @pytest.mark.needs("setfacl")
    def test_accounts_are_read_by_whoever_reads_the_tokens(self, store_path: Path) -> None:
        from tokentui.core.account_change import AddAccount
        from tokentui.core.backend import new_key

        from .conftest import NOW

        open_store(str(store_path)).apply(added=[token(1)])
        setfacl(store_path, "-m", f"u:{_NOBODY}:r")
        change = AddAccount(name="ada", role=None, password="hash", at=NOW)
        open_files(str(store_path)).commit(change, "ada", new_key())
        beside = store_path.with_name("accounts.json")
        assert os.getxattr(beside, _ACL) == os.getxattr(store_path, _ACL)
        assert mode(store_path.with_name("passwords.json")) == 0o600

    @_ROOT_ONLY
    def test_a_user_who_is_not_in_the_group_of_the_store(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name).resolve()
            path = folder / "tokens.json"
            open_store(str(path)).apply(added=[token(1)])
            for each in (folder, *folder.iterdir()):
                os.chown(each, 12345, 12345)
            os.chown(path, 12345, 33)
            path.chmod(0o640)
            said = _as_user(12345, path, token(2))
            assert "will remove its group" in said[0]
            assert f"{path} was changed, but the file lost its group" in said[1]
            assert mode(path) == 0o600
            assert one(open_store(str(path)), token(2).id) == token(2)


def _as_user(number: int, path: Path, new: Token) -> list[str]:
    """Return what another user is told before and with a change of the store at `path`."""
    # Loads here what that user may not be able to load.
    assert list(change_problems(str(path))) == []
    store = open_store(str(path))
    said: list[str] = []
    store.on_notice = said.append
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(number)
            os.setuid(number)
            said.extend(change_problems(str(path)))
            store.apply(added=[new])
            os.write(writing, "\n".join(said).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as told:  # noqa: PTH123 - a descriptor, not a path
        lines = told.read().splitlines()
    os.waitpid(child, 0)
    return lines
