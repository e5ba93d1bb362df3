"""`tokentui serve` as a process: how it starts, reloads, and ends."""

import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread

import pytest

from .conftest import PROGRAM, Sandbox
from .serving import PATIENCE, Endpoint, endpoint, running


@pytest.fixture
def secret(sandbox: Sandbox) -> str:
    return sandbox.run("create", "ci").stdout.strip()


def status(served: Endpoint, secret: str) -> int:
    with served.client() as client:
        return client.get("/auth", headers={"X-API-Key": secret}).status_code


def test_it_ends_in_good_order(sandbox: Sandbox, secret: str) -> None:
    with endpoint(sandbox) as served:
        assert status(served, secret) == 204
        assert served.stop() == 0
        assert not served.path.exists()
    assert json.loads(sandbox.run("show", "ci", "--json").stdout)["last_used_at"] is not None


def test_ctrl_c_ends_it_in_silence(sandbox: Sandbox, secret: str) -> None:
    with endpoint(sandbox) as served:
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(PATIENCE) == 0
        assert served.said_after_all() == ""


_HOLDING = """
import sys
import uvicorn
from tokentui import cli
from tokentui.core.credential import BcryptHasher

def check(*arguments, check=BcryptHasher.check):
    open({go!r}, "rb").read()
    return check(*arguments)

async def wait(server, wait=uvicorn.Server._wait_tasks_to_complete):
    open({waits!r}, "x").close()
    await wait(server)

BcryptHasher.check = check
uvicorn.Server._wait_tasks_to_complete = wait
sys.exit(cli.run())
"""
"""The program, which checks a secret once another process has opened `go`, and closed it.

`waits` is there once it waits for requests that are under way, to end then.
"""


def test_the_request_under_way_is_answered(sandbox: Sandbox, secret: str) -> None:
    go, waits, driver = (sandbox.home / name for name in ("go", "waits", "holding.py"))
    os.mkfifo(go)
    driver.write_text(_HOLDING.format(go=str(go), waits=str(waits)))
    answers: list[int] = []
    with endpoint(sandbox, program=[sys.executable, str(driver)]) as served:
        thread = Thread(target=lambda: answers.append(status(served, secret)))
        thread.start()
        with go.open("wb"):  # which waits until the secret is being checked
            served.process.terminate()
            while not waits.exists():
                assert served.process.poll() is None, "it ends with a request under way"
        assert served.process.wait(PATIENCE) == 0
        thread.join()
        assert answers == [204]


class TestReload:
    def test_settings_are_read_anew(self, sandbox: Sandbox, secret: str) -> None:
        other = {"TOKENTUI_STORE": str(sandbox.home / "other" / "tokens.json")}
        new = sandbox.run("create", "new", **other).stdout.strip()
        settings = sandbox.home / "config.toml"
        settings.write_text(f'store = "{sandbox.store}"')
        environment = {"TOKENTUI_CONFIG": str(settings), "TOKENTUI_STORE": ""}
        with endpoint(sandbox, **environment) as served:
            assert (status(served, secret), status(served, new)) == (204, 401)
            assert "UnknownToken" in served.said()
            settings.write_text(f'store = "{other["TOKENTUI_STORE"]}"')
            served.process.send_signal(signal.SIGHUP)
            assert "Reloaded" in served.said()
            assert (status(served, secret), status(served, new)) == (401, 204)

    def test_a_mistake_changes_nothing(self, sandbox: Sandbox, secret: str) -> None:
        settings = sandbox.home / "config.toml"
        settings.write_text("")
        with endpoint(sandbox, TOKENTUI_CONFIG=str(settings)) as served:
            settings.write_text("prefix = 3")
            served.process.send_signal(signal.SIGHUP)
            assert "Reload failed, so the previous settings stay in use" in served.said()
            assert status(served, secret) == 204


@contextmanager
def open_files(most: int) -> Iterator[None]:
    """Let this process, and what it starts meanwhile, have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < most:
        pytest.skip(f"no more than {hard} files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Flooded:
    """An endpoint at a port, which anybody may open more connections to than it may have files."""

    def __init__(self, served: Endpoint, opened: ExitStack) -> None:
        self.served = served
        self._opened = opened

    def flood(self, begun: bytes, *, answered: bool = False) -> None:
        """Open them all, and wait for their answers if there are any.

        A request that is under way keeps its connection, so that there may be no room till then.
        """
        host, _, port = self.served.place.rpartition(":")
        callers = []
        for _ in range(1100):
            caller = socket.create_connection((host, int(port)))
            self._opened.enter_context(caller).sendall(begun)
            callers.append(caller)
        for caller in callers if answered else ():
            with suppress(ConnectionError):  # it had to make room
                caller.recv(1)


@pytest.fixture
def flooded(sandbox: Sandbox) -> Iterator[Flooded]:
    """Serve at a port, for a proxy at 127.0.0.2."""
    with ExitStack() as stack:
        with open_files(1024):
            at_port = endpoint(sandbox, "--proxy", "127.0.0.2", listen="127.0.0.1:0")
            served = stack.enter_context(at_port)
        stack.enter_context(open_files(4096))
        yield Flooded(served, stack)


class TestFlood:
    @pytest.mark.parametrize(
        "begun",
        [
            b"",
            b"GET /auth HTTP/1.1\r\nX-Unfinished: ",
            b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /health HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
        ],
        ids=["silent", "headers", "idle", "body"],
    )
    @pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"], ids=["stranger", "proxy"])
    def test_new_connections_are_served(
        self, secret: str, flooded: Flooded, begun: bytes, address: str
    ) -> None:
        flooded.flood(begun, answered=begun.endswith(b"\r\n\r\n"))
        with flooded.served.client(address) as client:
            assert client.get("/auth", headers={"X-API-Key": secret}).status_code == 204

    def test_a_proxy_keeps_its_connections(self, flooded: Flooded, secret: str) -> None:
        with flooded.served.client("127.0.0.2") as proxy:
            before = proxy.get("/health").extensions["network_stream"]
            flooded.flood(b"")
            after = proxy.get("/health").extensions["network_stream"]
            assert before is after


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /auth HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
        "GET /auth HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n",
        "GET /auth\r\n",
        "NONSENSE\r\n",
        "GET \xff HTTP/1.1\r\n",
        "GET http://[ HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n",
        "\x16\x03\x01\x02\r\n",
    ],
)
def test_a_request_has_one_line_in_the_log_at_most(sandbox: Sandbox, request_line: str) -> None:
    with endpoint(sandbox) as served:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(served.place)
            caller.sendall(f"{request_line}Host: x\r\n\r\n".encode("latin-1"))
            caller.shutdown(socket.SHUT_WR)
            while caller.recv(4096):
                pass
        assert served.stop() == 0
        said = served.said_after_all().splitlines()
        assert [line for line in said if "refused reason=NothingPresented" not in line] == []
        assert len(said) <= 1


class TestSystemd:
    def test_the_socket_is_handed_over(self, sandbox: Sandbox, secret: str) -> None:
        path = sandbox.home / "auth.sock"
        # As systemd does it: the socket is number 3, and the process itself is named.
        become = (
            "import os, sys; os.environ |= {'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '1'}; "
            "os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"
        )
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            number = str(listener.fileno())
            command = [sys.executable, "-c", become, number, *PROGRAM, "serve"]
            log = sandbox.home / "log"
            with (
                running(
                    command, sandbox.environment(), log, handing=[listener.fileno()]
                ) as process,
                log.open() as said,
            ):
                # A request may come before the process listens: systemd keeps it.
                served = Endpoint(process, path, said)
                assert status(served, secret) == 204
                assert str(path) in served.said()
                assert served.stop() == 0
                assert path.exists(), "the socket is systemd's"

    @pytest.mark.needs("systemd-analyze")
    def test_the_units_are_sound(self, sandbox: Sandbox, secret: str) -> None:
        for listen in ("/run/tokentui/auth.sock", "127.0.0.1:9180"):
            printed = sandbox.run("serve", "--listen", listen, "--print-config", "systemd").stdout
            units = printed.split("# /etc/systemd/system/")[1:]
            paths = []
            for unit in units:
                name, _, text = unit.partition("\n")
                paths.append(sandbox.home / name)
                paths[-1].write_text(text)
            checked = sandbox.execute(["systemd-analyze", "verify", *map(str, paths)])
            assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--listen", "0.0.0.0:9180"], 2, "Other machines"),
        (["--listen", "/nowhere/auth.sock"], 2, "No such file or directory"),
        (["--proxy", "localhost"], 2, "is not a network"),
        (["--print-config", "traefik", "--listen", "/run/x.sock"], 2, "Traefik needs a port"),
    ],
)
def test_what_cannot_be(
    sandbox: Sandbox, secret: str, options: list[str], code: int, said: str
) -> None:
    ended = sandbox.run("serve", *options)
    assert ended.returncode == code
    assert said in ended.stderr


def test_a_store_that_cannot_be_read(sandbox: Sandbox) -> None:
    sandbox.store.parent.mkdir()
    sandbox.store.write_text("{")
    ended = sandbox.run("serve")
    assert (ended.returncode, "is damaged" in ended.stderr) == (5, True)


def test_without_its_packages(sandbox: Sandbox) -> None:
    without = "sys.modules['uvicorn'] = None"
    hidden = f"import runpy, sys; {without}; runpy.run_module('tokentui', run_name='__main__')"
    ended = sandbox.execute([sys.executable, "-c", hidden, "serve"])
    assert "pip install 'tokentui[server]'" in ended.stderr
