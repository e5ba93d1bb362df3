"""How many requests pass a proxy that asks: `python -m tests.bench.forward`.

The same nginx answers with a file of one byte: without asking, asking an endpoint that says 204
to everything, asking `tokentui serve`, and asking two of those. All are taken in turns. The CPU
time is that of the endpoints for each request.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from httpx import Client

from ..conftest import which
from ..program.conftest import Sandbox, held_port
from ..program.serving import endpoint, running, wait_for
from . import table
from .common import Bench, Goal, Needs, Options, Row
from .processes import cpu_time

_CONNECTIONS = 32
_SECONDS = 3
_NOT_ASKING = "without asking"
_LEAST = "an endpoint that says 204"
_ONE, _TWO = "tokentui serve", "two of tokentui serve"
_KINDS = {_NOT_ASKING: "open", _LEAST: "constant", _ONE: "one", _TWO: "two"}
_PART = "forward authentication"
_GOAL = Goal(at_least={"rate": 0.8})
_TWICE = Goal(at_least={"rate": 1.5})


class _Taken(NamedTuple):
    """What nginx did in one run."""

    rate: float
    """Requests a second."""
    cpu: float
    """CPU time of the endpoints for a request, in seconds."""


class _Site(NamedTuple):
    """An nginx, and the processes that it asks."""

    url: str
    endpoints: dict[str, list[int]]
    """The process IDs, by kind."""


def _measure(options: Options) -> Iterator[Row]:
    if _PART not in options.parts:
        return
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder))
        secret = sandbox.run("create", "ci").stdout.strip()
        with _site(sandbox) as site:
            taken: dict[str, list[_Taken]] = {what: [] for what in _KINDS}
            for turn in range(options.rounds):
                for what in _KINDS:
                    table.progress(f"{what}: round {turn + 1} of {options.rounds}.")
                    taken[what].append(_load(site, what, secret))
    print(f"{_CONNECTIONS} connections, {options.rounds} rounds of {_SECONDS} s, medians.\n")
    rates = {what: median(each.rate for each in runs) for what, runs in taken.items()}
    cpu = {what: median(each.cpu for each in runs) for what, runs in taken.items()}
    rows = [
        (
            what,
            table.number(rates[what]),
            table.number(rates[what] / rates[_LEAST]),
            table.number(cpu[what] * 1e6) if cpu[what] else "",
        )
        for what in _KINDS
    ]
    table.show(("nginx", "requests a second", "of the least", "CPU us a request"), rows)
    for what, baseline, goal in ((_ONE, _LEAST, _GOAL), (_TWO, _ONE, _TWICE)):
        figures = {"CPU": cpu[what] / cpu[baseline], "rate": rates[what] / rates[baseline]}
        yield Row(f"nginx asking {what}", baseline, figures, goal)


async def constant(
    scope: dict[str, Any], _: object, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Say 204 to everything, as an ASGI app."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def _site(sandbox: Sandbox) -> Iterator[_Site]:
    """Run all endpoints, and nginx before them."""
    home = sandbox.home
    for name in _KINDS.values():
        (home / name).mkdir()
        (home / name / "index.html").write_text("x")
    other = home / "constant.sock"
    command = [sys.executable, "-m", "uvicorn", "tests.bench.forward:constant", "--uds", str(other)]
    options = "--http httptools --loop uvloop --no-access-log --log-level warning --lifespan off"
    log = home / "log"
    with (
        held_port() as port,
        endpoint(sandbox, listen=str(home / "first.sock")) as first,
        endpoint(sandbox, listen=str(home / "second.sock")) as second,
        running([*command, *options.split()], dict(os.environ), log) as constant,
    ):
        url = f"http://127.0.0.1:{port}"
        config = home / "nginx.conf"
        asked = {
            "constant": [other],
            "one": [first.path],
            "two": [first.path, second.path],
        }
        config.write_text(_config(home, port, asked))
        nginx = [str(which("nginx")), "-e", "stderr", "-p", str(home), "-c", str(config)]
        with running(nginx, sandbox.environment(), log) as process, Client(base_url=url) as client:
            wait_for(client, process, log)
            ours = [first.process.pid, second.process.pid]
            processes = {_NOT_ASKING: [], _LEAST: [constant.pid], _ONE: ours[:1], _TWO: ours}
            yield _Site(url, processes)


def _config(home: Path, port: int, asked: dict[str, list[Path]]) -> str:
    servers = {name: "".join(f"server unix:{path};" for path in asked[name]) for name in asked}
    upstreams = "".join(
        f"upstream {name} {{ {those} keepalive 64; }}" for name, those in servers.items()
    )
    locations = "".join(
        f"location /{name}/ {{ auth_request /ask-{name}; }}"
        f"location = /ask-{name} {{ internal; proxy_pass http://{name}/auth;"
        'proxy_pass_request_body off; proxy_http_version 1.1; proxy_set_header Connection "";'
        'proxy_set_header Content-Length ""; proxy_set_header X-Forwarded-For $remote_addr;'
        "proxy_set_header X-Forwarded-Method $request_method; }"
        for name in asked
    )
    user = "user root;" if os.geteuid() == 0 else ""
    return (
        f"{user} daemon off; worker_processes 1; pid {home}/pid; events {{ }} http {{"
        f"access_log off; keepalive_requests 1000000; {upstreams}"
        f"server {{ listen 127.0.0.1:{port}; root {home}; {locations} }} }}"
    )


def _load(site: _Site, what: str, secret: str) -> _Taken:
    """Send requests with a secret, over as many connections, for a while."""
    url = f"{site.url}/{_KINDS[what]}/"
    before = [cpu_time(pid) for pid in site.endpoints[what]]
    said = subprocess.run(
        ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "-H", f"X-API-Key: {secret}", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    after = [cpu_time(pid) for pid in site.endpoints[what]]
    assert "Non-2xx" not in said, said
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    count = re.search(r"(\d+) requests in", said)
    assert rate is not None, said
    assert count is not None, said
    return _Taken(float(rate[1]), (sum(after) - sum(before)) / int(count[1]))


BENCH = Bench(
    doc=__doc__, measure=_measure, rounds=5, needs={_PART: Needs(("nginx", "wrk"), ("uvloop",))}
)

if __name__ == "__main__":
    BENCH.main()
