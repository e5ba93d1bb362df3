"""Real proxies, with the configurations that are printed for them, before a real application."""

import itertools
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from ssl import SSLContext, create_default_context
from threading import Event, Thread
from time import monotonic
from typing import NamedTuple

import pytest
import yaml
from httpx import Client, HTTPTransport

from ..conftest import which
from .conftest import Sandbox, held_port
from .serving import FRAMES, PATIENCE, Endpoint, application, endpoint, patient, running, wait_for


@dataclass(frozen=True)
class Site:
    """A proxy that runs, what it asks, and where it answers."""

    sandbox: Sandbox
    endpoint: Endpoint
    proxy: subprocess.Popen[bytes]
    url: str
    trusted: SSLContext

    def client(self, address: str = "127.0.0.1") -> Client:
        """Return a client that calls from an address of this machine."""
        transport = HTTPTransport(verify=self.trusted, local_address=address)
        return patient(transport, self.url)

    def status(self, secret: str, method: str = "GET", address: str = "127.0.0.1") -> int:
        with self.client(address) as client:
            return client.request(method, "/", headers=bearer(secret)).status_code

    def upgrade(self, secret: str, protocol: str, connection: str = "Upgrade") -> tuple[int, bytes]:
        """Ask for another protocol; return the status, and what the application sent by it."""
        headers = {**bearer(secret), "Connection": connection, "Upgrade": protocol}
        with self.client() as client, client.stream("GET", "/", headers=headers) as answer:
            if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
                return answer.status_code, b""
            return answer.status_code, answer.extensions["network_stream"].read(1024)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _nginx(sandbox: Sandbox, printed: str, port: int) -> tuple[list[str], SSLContext]:
    home = sandbox.home / "nginx"
    home.mkdir()
    key, certificate = home / "privkey.pem", home / "fullchain.pem"
    made = sandbox.execute(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=tests"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ]
    )
    assert made.returncode == 0, made.stderr
    site = printed.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    site = site.replace("/etc/letsencrypt/live/api.example.org", str(home))
    # The socket is in a folder of this user's own, where that of nginx does not come.
    user = "user root;" if os.geteuid() == 0 else ""
    folders = "".join(
        f"{kind}_temp_path {home}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    settings = f"{user} daemon off; pid {home}/pid; events {{ }}"
    path = home / "nginx.conf"
    others = "access_log off; underscores_in_headers on;"
    path.write_text(f"{settings} http {{ {others} {folders}\n{site}\n}}")
    command = [str(which("nginx")), "-e", "stderr", "-p", str(home), "-c", str(path)]
    return command, create_default_context(cafile=certificate)


def _caddy(sandbox: Sandbox, printed: str, port: int) -> tuple[list[str], SSLContext]:
    site = printed.replace("api.example.org", f"http://127.0.0.1:{port}")
    path = sandbox.home / "Caddyfile"
    path.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{site}")
    command = [str(which("caddy")), "run", "--adapter", "caddyfile", "--config", str(path)]
    return command, create_default_context()


@dataclass(frozen=True)
class Kind:
    """A proxy that can be driven: how it is set up with a file, and where it answers then."""

    name: str
    setup: Callable[[Sandbox, str, int], tuple[list[str], SSLContext]]
    scheme: str

    @contextmanager
    def site(self, sandbox: Sandbox, edit: Callable[[str], str] = str) -> Iterator[Site]:
        """Serve an application behind it, with the printed file as `edit` leaves it."""
        log = sandbox.home / "proxy.log"
        with endpoint(sandbox) as served, application() as app_port, held_port() as port:
            printed = sandbox.run(
                "serve", "--listen", str(served.path), "--print-config", self.name
            ).stdout
            printed = edit(printed.replace("127.0.0.1:8000", f"127.0.0.1:{app_port}"))
            command, trusted = self.setup(sandbox, printed, port)
            environment = sandbox.environment(XDG_DATA_HOME=str(sandbox.home / "proxy"))
            with running(command, environment, log) as proxy:
                site = Site(sandbox, served, proxy, f"{self.scheme}://127.0.0.1:{port}", trusted)
                with site.client() as client:
                    wait_for(client, proxy, log)
                yield site


NGINX = Kind("nginx", _nginx, "https")
CADDY = Kind("caddy", _caddy, "http")


@pytest.fixture(
    params=[
        pytest.param(NGINX, id="nginx", marks=pytest.mark.needs("nginx", "openssl")),
        pytest.param(CADDY, id="caddy", marks=pytest.mark.needs("caddy")),
    ]
)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Return each proxy that is here."""
    found: Kind = request.param
    return found


@pytest.fixture
def site(kind: Kind, sandbox: Sandbox) -> Iterator[Site]:
    """Serve an application behind a proxy that asks `tokentui serve`, with the file as printed."""
    with kind.site(sandbox) as served:
        yield served


def make(sandbox: Sandbox, name: str, *options: str) -> str:
    return sandbox.run("create", name, *options).stdout.strip()


PREFLIGHT = {"Actor": "https://app.example.org", "Access-Control-Request-Method": "PUT"}


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
        assert client.options("/", headers=PREFLIGHT).status_code == 401


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


HOP_BY_HOP = [
    ["close, X-Token-Id, X-Token-Account, X-Token-Name"],
    ["keep-alive, x-token-id,x-token-account\t,  x-token-name"],
    ["X-Token-Id", "X-Token-Account", "close", "X-Token-Name"],
    ["Upgrade, X-Token-Id, X-Token-Account, X-Token-Name"],
    ["X-Token-Id, X-Forwarded-For, X-Forwarded-Method, X-Forwarded-Upgrade, Host"],
]
"""What a client may write in `Connection`, so that a proxy removes headers before it goes on."""


def test_no_client_takes_away_what_the_application_is_told(site: Site) -> None:
    secret = make(site.sandbox, "ci", "--for-reading", "--from", "127.0.0.1/32")
    fields = ["X-Token-Name: ci", f"X-Token-Id: {secret[3:13]}", "X-Token-Account: "]
    for options in HOP_BY_HOP:
        headers = [*bearer(secret).items(), *(("Connection", option) for option in options)]
        headers += [("X-Token-Id", "claimed"), ("Trailer", "X-Token-Id"), ("TE", "trailers")]
        with site.client() as client:
            told = client.get("/", headers=headers).text.replace("\r", "")
            assert client.post("/", headers=headers).status_code == 403
        assert [told.count(field) for field in fields] == [1, 1, 1], options
        assert "claimed" not in told


class TestUpgrades:
    def test_a_web_socket_is_more_than_reading(self, site: Site) -> None:
        secret, reading = make(site.sandbox, "ci"), make(site.sandbox, "ro", "--for-reading")
        for connection in ("Upgrade", "keep-alive, upgrade, X-Forwarded-Upgrade"):
            for protocol in ("websocket", "WebSocket"):
                assert site.upgrade(secret, protocol, connection) == (101, FRAMES)
                assert site.upgrade(reading, protocol, connection) == (403, b"")
        assert site.status(reading) == 200

    def test_no_tunnel_that_the_proxy_cannot_look_into(self, site: Site) -> None:
        secret = make(site.sandbox, "ci")
        for protocol in ("h2c", "websocket, h2c", "tls/1.3"):
            assert site.upgrade(secret, protocol) == (200, b"")

    @pytest.mark.needs("nginx", "openssl")
    def test_the_usual_lines_of_nginx_open_nothing(self, sandbox: Sandbox) -> None:
        def usual(printed: str) -> str:
            for ours, theirs in (
                ("Upgrade $tokentui_upgrade", "Upgrade $http_upgrade"),
                ("Connection $tokentui_connection", 'Connection "upgrade"'),
            ):
                assert ours in printed
                printed = printed.replace(ours, theirs)
            return printed

        with NGINX.site(sandbox, usual) as site:
            secret, reading = make(sandbox, "ci"), make(sandbox, "ro", "--for-reading")
            assert site.upgrade(secret, "websocket") == (101, FRAMES)
            assert site.upgrade(reading, "websocket") == (403, b"")
            assert site.upgrade(reading, "h2c") == (403, b"")


def _with_preflight(printed: str) -> str:
    """Remove the # of all lines that are there to be used by some."""
    edited = re.sub(r"^(\s*)#(?! )", r"\1", printed, flags=re.MULTILINE)
    assert edited != printed
    return edited


def test_the_application_may_answer_a_preflight(kind: Kind, sandbox: Sandbox) -> None:
    with kind.site(sandbox, _with_preflight) as site, site.client() as client:
        secret = make(sandbox, "ci")
        claims = {"X-Token-Name": "claimed", "X_Token_Name": "claimed", **bearer(secret)}
        answer = client.options("/", headers=PREFLIGHT | claims)
        assert (answer.status_code, "PUT" in answer.text) == (200, True)
        assert "claimed" not in answer.text
        assert secret not in answer.text
        for headers in ({}, {**PREFLIGHT, "Connection": "Upgrade", "Upgrade": "websocket"}):
            assert client.options("/", headers=headers).status_code == 401
        assert client.put("/", headers=PREFLIGHT).status_code == 401
        assert client.put("/", headers=PREFLIGHT | bearer(secret)).status_code == 200


@pytest.mark.needs("nginx", "openssl")
def test_nginx_takes_no_secret_in_clear_text(sandbox: Sandbox) -> None:
    with (
        NGINX.site(sandbox) as site,
        patient(HTTPTransport(), site.url.replace("s:", ":")) as client,
    ):
        assert client.get("/", headers=bearer(make(sandbox, "ci"))).status_code == 400
    printed = sandbox.run("serve", "--print-config", "nginx").stdout
    listens = [line.split() for line in printed.splitlines() if line.strip().startswith("listen")]
    assert listens == [["listen", "443", "ssl;"]]


@pytest.mark.parametrize("edit", [str, _with_preflight])
def test_the_file_of_traefik_names_nothing_that_is_not_in_it(
    sandbox: Sandbox, edit: Callable[[str], str]
) -> None:
    printed = sandbox.run("serve", "--print-config", "traefik").stdout
    http = yaml.safe_load(edit(printed))["http"]
    for router in http["routers"].values():
        assert set(router["middlewares"]) <= http["middlewares"].keys()
        assert router["service"] in http["services"]
        assert "tls" in router


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
        assert answer.status_code == 431
    assert site.status("x" * 2**20) in {400, 401, 431}


class Answered(NamedTuple):
    """When a request was begun and when it was answered, and how."""

    begun: float
    ended: float
    status: int


class Flow(Thread):
    """Sends requests one after the other, and notes how each was answered."""

    def __init__(self, site: Site, secret: str) -> None:
        super().__init__()
        self._site = site
        self._secret = secret
        self._over = Event()
        self.begun = Event()
        self.seen: list[Answered] = []

    def run(self) -> None:
        # A proxy that reloads closes connections that wait for another request, with one that
        # is just on its way: each request has a connection of its own.
        headers = {**bearer(self._secret), "Connection": "close"}
        with self._site.client() as client:
            while not self._over.is_set():
                begun = monotonic()
                status = client.get("/", headers=headers).status_code
                self.seen.append(Answered(begun, monotonic(), status))
                self.begun.set()

    def stop(self) -> None:
        self._over.set()
        self.join()


def known(site: Site, secret: str) -> None:
    """Wait until a token just made is let in; the endpoint may know it half a second later."""
    deadline = monotonic() + PATIENCE
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
        assert flow.begun.wait(60)
    # The store changes, the settings are read anew, and so are those of the proxy.
    for number in range(3):
        make(sandbox, f"other-{number}")
        site.endpoint.process.send_signal(signal.SIGHUP)
    if "nginx" in str(site.proxy.args):
        site.proxy.send_signal(signal.SIGHUP)
    revoking = monotonic()
    assert sandbox.run("revoke", "lost", "--yes").returncode == 0
    revoked = monotonic()
    # Within a second: what is begun after that is refused, while the store goes on to change.
    numbers = itertools.count()
    while not all(flow.is_alive() and flow.seen[-1].begun > revoked + 1 for flow in flows):
        assert monotonic() < revoked + PATIENCE, "the requests do not flow"
        make(sandbox, f"after-{next(numbers)}")
    for flow in flows:
        flow.stop()
    for flow in (flows[0], flows[2]):
        assert {each.status for each in flow.seen} == {200}
    for flow in (flows[1], flows[3]):
        assert {each.status for each in flow.seen if each.ended < revoking} == {200}
        assert {each.status for each in flow.seen if each.begun > revoked + 1} == {401}


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
