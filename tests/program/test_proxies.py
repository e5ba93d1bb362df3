"""Real proxies, with the configurations that are printed for them, before a real application."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest
from httpx import Client, HTTPTransport

from ..conftest import which
from .conftest import Sandbox, free_port
from .serving import Endpoint, application, endpoint, running, wait_for


@dataclass(frozen=True)
class Site:
    """A proxy that runs, what it asks, and where it answers."""

    sandbox: Sandbox
    endpoint: Endpoint
    proxy: subprocess.Popen[bytes]
    url: str

    def client(self, address: str = "127.0.0.1") -> Client:
        """Return a client that calls from an address of this machine."""
        return Client(transport=HTTPTransport(local_address=address), base_url=self.url)

    def status(self, secret: str, method: str = "GET", address: str = "127.0.0.1") -> int:
        with self.client(address) as client:
            return client.request(method, "/", headers=bearer(secret)).status_code


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _nginx(sandbox: Sandbox, printed: str, port: int) -> tuple[list[str], Path]:
    home = sandbox.home / "nginx"
    home.mkdir()
    site = printed.replace("listen 80;", f"listen 127.0.0.1:{port};")
    # The socket is in a folder of this user's own, where that of nginx does not come.
    user = "user root;" if os.geteuid() == 0 else ""
    folders = "".join(
        f"{kind}_temp_path {home}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    settings = f"{user} daemon off; pid {home}/pid; events {{ }}"
    path = home / "nginx.conf"
    path.write_text(f"{settings} http {{ access_log off; {folders}\n{site}\n}}")
    return [str(which("nginx")), "-e", "stderr", "-p", str(home), "-c", str(path)], path


def _caddy(sandbox: Sandbox, printed: str, port: int) -> tuple[list[str], Path]:
    site = printed.replace("api.example.org", f"http://127.0.0.1:{port}")
    path = sandbox.home / "Caddyfile"
    path.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{site}")
    return [str(which("caddy")), "run", "--adapter", "caddyfile", "--config", str(path)], path


@pytest.fixture(
    params=[
        pytest.param(_nginx, id="nginx", marks=pytest.mark.needs("nginx")),
        pytest.param(_caddy, id="caddy", marks=pytest.mark.needs("caddy")),
    ]
)
def site(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Site]:
    """Serve an application behind a proxy that asks `tokentui serve`."""
    setup = request.param
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = sandbox.home / "proxy.log"
    with endpoint(sandbox) as served, application() as app_port:
        kind = setup.__name__.removeprefix("_")
        printed = sandbox.run("serve", "--listen", str(served.path), "--print-config", kind).stdout
        printed = printed.replace("127.0.0.1:8000", f"127.0.0.1:{app_port}")
        command, _ = setup(sandbox, printed, port)
        environment = sandbox.environment(XDG_DATA_HOME=str(sandbox.home / "proxy"))
        with running(command, environment, log) as proxy, Client(base_url=url) as client:
            wait_for(client, proxy, log)
            yield Site(sandbox, served, proxy, url)


def make(sandbox: Sandbox, name: str, *options: str) -> str:
    return sandbox.run("create", name, *options).stdout.strip()


def test_who_comes_in(site: Site) -> None:
    secret = make(site.sandbox, "ci")
    with site.client() as client:
        for headers in (
            bearer(secret),
            {"Authorization": f"cpanel {os.environ.get('USER', 'root')}:{secret}"},
            {"X-API-Key": secret},
        ):
            assert client.get("/", headers=headers).status_code == 200
        answer = client.get("/")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="API"'


def test_the_application_is_told_by_the_proxy_alone(site: Site) -> None:
    secret = make(site.sandbox, "ci")
    claims = dict.fromkeys(
        ("X-Token-Name", "X-Token-Id", "x_token_name", "X-Token_Account", "X_Token-Id"), "claimed"
    )
    with site.client() as client:
        told = client.get("/", headers={**bearer(secret), **claims, "X-Other": "kept"}).text
    assert "X-Token-Name: ci\n" in told.replace("\r", "")
    assert "claimed" not in told
    assert "kept" in told
    assert secret not in told


def test_each_kind_of_refusal(site: Site) -> None:
    sandbox = site.sandbox
    reading = make(sandbox, "reading", "--for-reading")
    there = make(sandbox, "there", "--from", "127.0.0.2/32")
    gone = make(sandbox, "gone")
    sandbox.run("revoke", "gone", "--yes")
    assert [site.status(reading, method) for method in ("GET", "HEAD", "OPTIONS")] == [200] * 3
    assert [site.status(reading, method) for method in ("POST", "PUT", "DELETE")] == [403] * 3
    assert site.status(there, address="127.0.0.2") == 200
    assert site.status(there) == 403
    for secret in (gone, gone[:-1], gone + "x", gone.upper(), gone.replace("tt_", "xx_"), "x"):
        assert site.status(secret) == 401


def test_nobody_says_where_he_calls_from(site: Site) -> None:
    secret = make(site.sandbox, "there", "--from", "127.0.0.2/32", "--for-reading")
    lies = {"X-Forwarded-For": "127.0.0.2", "X-Real-IP": "127.0.0.2", "X-Forwarded-Method": "GET"}
    with site.client() as client:
        assert client.get("/", headers={**bearer(secret), **lies}).status_code == 403
    with site.client("127.0.0.2") as client:
        assert client.post("/", headers={**bearer(secret), **lies}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {b"Authorization": b"Bearer \xff\xfe"},
        {b"Authorization": b"Bearer"},
        {b"Authorization": b"Bearer\tx"},
        {b"Authorization": b"Bearer " + b"x" * 6000},
        {b"Authorization": b"cpanel " + b":" * 100},
        {b"X-API-Key": b"$2b$31$" + b"." * 53},
    ],
)
def test_garbage(site: Site, headers: dict[bytes, bytes]) -> None:
    with site.client() as client:
        assert client.get("/", headers=list(headers.items())).status_code == 401


def test_a_megabyte_of_headers(site: Site) -> None:
    with site.endpoint.client() as client:
        answer = client.get("/auth", headers={"Authorization": "Bearer " + "x" * 2**20})
        assert answer.status_code == 401
    assert site.status("x" * 2**20) in {400, 401, 431}


class Flow(Thread):
    """Sends requests one after the other, and notes when each answer began to be waited for."""

    def __init__(self, site: Site, secret: str) -> None:
        super().__init__()
        self._site = site
        self._secret = secret
        self._over = Event()
        self.begun = Event()
        self.seen: list[tuple[float, int]] = []

    def run(self) -> None:
        # A proxy that reloads closes connections that wait for another request, with one that
        # is just on its way: each request has a connection of its own.
        headers = {**bearer(self._secret), "Connection": "close"}
        with self._site.client() as client:
            while not self._over.is_set():
                moment = monotonic()
                status = client.get("/", headers=headers).status_code
                self.seen.append((moment, status))
                self.begun.set()

    def stop(self) -> None:
        self._over.set()
        self.join()


def known(site: Site, secret: str) -> None:
    """Wait until a token just made is let in; the endpoint may know it half a second later."""
    deadline = monotonic() + 10
    while site.status(secret) != 200:
        assert monotonic() < deadline, "it is never let in"


def test_revoked_while_requests_flow(site: Site) -> None:
    sandbox = site.sandbox
    kept, lost = make(sandbox, "kept"), make(sandbox, "lost")
    known(site, kept)
    known(site, lost)
    flows = [Flow(site, kept), Flow(site, lost), Flow(site, kept), Flow(site, lost)]
    for flow in flows:
        flow.start()
    for flow in flows:
        assert flow.begun.wait(10)
    # The store changes, the settings are read anew, and so are those of the proxy.
    for number in range(3):
        make(sandbox, f"other-{number}")
        site.endpoint.process.send_signal(signal.SIGHUP)
    if "nginx" in str(site.proxy.args):
        site.proxy.send_signal(signal.SIGHUP)
    revoking = monotonic()
    assert sandbox.run("revoke", "lost", "--yes").returncode == 0
    revoked = monotonic()
    while monotonic() < revoked + 2:
        make(sandbox, f"after-{monotonic():.6f}".replace(".", "-"))
    for flow in flows:
        flow.stop()
    for flow in (flows[0], flows[2]):
        assert {status for _, status in flow.seen} == {200}
    for flow in (flows[1], flows[3]):
        assert {status for moment, status in flow.seen if moment < revoking - 0.1} == {200}
        assert {status for moment, status in flow.seen if moment > revoked + 1} == {401}


def test_the_endpoint_starts_anew(site: Site) -> None:
    secret = make(site.sandbox, "ci")
    assert site.status(secret) == 200
    site.endpoint.stop()
    assert site.status(secret) >= 500, "nobody comes in while nobody is asked"
    with endpoint(site.sandbox):
        assert site.status(secret) == 200


def test_the_secret_is_in_no_log(site: Site) -> None:
    secret = make(site.sandbox, "ci")
    site.status(secret)
    site.status(secret[:-1] + "x")
    site.endpoint.stop()
    assert "refused" in (said := site.endpoint.said_after_all())
    assert secret[-38:-6] not in said
    assert secret not in (site.sandbox.home / "proxy.log").read_text()
