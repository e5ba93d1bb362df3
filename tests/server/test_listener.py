"""Where the endpoint listens, and what it leaves there."""

import os
import socket
import stat
from pathlib import Path

import pytest

from tokentui.core.errors import InvalidListener
from tokentui.server.listener import (
    Address,
    Port,
    UnixSocket,
    listening,
    name_of,
    parse,
    systemd_socket,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9180", Port("127.0.0.1", 9180)),
        ("localhost:80", Port("127.0.0.1", 80)),
        ("[::1]:80", Port("::1", 80)),
        ("/run/tokentui/auth.sock", UnixSocket(Path("/run/tokentui/auth.sock"))),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse(text) == address
    assert parse(str(address)) == address


def test_a_path_is_that_of_the_folder_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(parse("./auth.sock")) == str(tmp_path / "auth.sock")


@pytest.mark.parametrize(
    "text",
    ["", "9180", "example.org:80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "~nosuch/x"],
)
def test_no_address(text: str) -> None:
    with pytest.raises(InvalidListener, match="is not an address"):
        parse(text)


@pytest.mark.parametrize("text", ["0.0.0.0:9180", "192.0.2.1:80", "[::]:80"])
def test_other_machines_are_kept_out(text: str) -> None:
    with pytest.raises(InvalidListener, match="Other machines"):
        parse(text)


def test_a_port_that_is_taken() -> None:
    with listening(Port("127.0.0.1", 0)) as bound:
        taken = parse(name_of(bound))
        with (
            pytest.raises(InvalidListener, match=r"in use\. Nothing was started"),
            listening(taken),
        ):
            pass


class TestSocket:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "auth.sock"

    def test_only_owner_and_group_may_connect(self, path: Path) -> None:
        before = os.umask(0)
        try:
            with listening(UnixSocket(path)) as bound:
                assert stat.S_IMODE(path.stat().st_mode) == 0o660
                assert name_of(bound) == str(path)
            assert os.umask(0) == 0
        finally:
            os.umask(before)

    def test_it_is_removed(self, path: Path) -> None:
        with pytest.raises(KeyError), listening(UnixSocket(path)):
            raise KeyError
        assert not path.exists()

    def test_that_of_a_killed_process_is_replaced(self, path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as killed:
            killed.bind(str(path))
        with listening(UnixSocket(path)), socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))

    def test_that_of_a_process_at_work_stays(self, path: Path) -> None:
        with listening(UnixSocket(path)):
            with pytest.raises(InvalidListener, match="in use"), listening(UnixSocket(path)):
                pass
            assert path.exists()

    def test_another_one_s_is_not_removed(self, path: Path) -> None:
        with listening(UnixSocket(path)):
            path.unlink()
            path.write_text("kept")
        assert path.read_text() == "kept"

    def test_a_file_is_not_replaced(self, path: Path) -> None:
        path.write_text("kept")
        with pytest.raises(InvalidListener), listening(UnixSocket(path)):
            pass
        assert path.read_text() == "kept"

    @pytest.mark.parametrize("name", ["missing/auth.sock", "x" * 200])
    def test_where_none_can_be_made(self, tmp_path: Path, name: str) -> None:
        with (
            pytest.raises(InvalidListener, match="Nothing was started"),
            listening(UnixSocket(tmp_path / name)),
        ):
            pass


def test_what_systemd_hands_to_another_process_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    assert systemd_socket() is None


def test_several_sockets_of_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "2")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    with pytest.raises(InvalidListener, match="Configure one socket"):
        systemd_socket()
