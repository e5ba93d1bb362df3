"""How many requests pass a proxy that asks: `python -m tests.bench.forward`; needs nginx and wrk.

The same nginx answers with a file of one byte: without asking, asking an endpoint that says 204
to everything, and asking `tokentui serve`. The three are taken in turns: only the ratios last.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from httpx import Client

from ..conftest import which
from ..program.conftest import Sandbox, held_port
from ..program.serving import endpoint, running, wait_for
from . import table

_CONNECTIONS = 32
_SECONDS = 3
_KINDS = {
    "without asking": "/open/",
    "an endpoint that says 204": "/constant/",
    "tokentui serve": "/ours/",
}


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, two or more")
    rounds = parser.parse_args().rounds
    if missing := [program for program in ("nginx", "wrk") if which(program) is None]:
        sys.exit(f"Not installed: {', '.join(missing)}. Nothing was measured.")
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder))
        secret = sandbox.run("create", "ci").stdout.strip()
        with _site(sandbox) as url:
            taken: dict[str, list[float]] = {what: [] for what in _KINDS}
            for _ in range(rounds):
                for what, path in _KINDS.items():
                    taken[what].append(_rate(url + path, secret))
    constant = taken["an endpoint that says 204"]
    print(f"{_CONNECTIONS} connections, {rounds} rounds of {_SECONDS} s, medians.\n")
    rows = [
        (what, table.number(median(rates)), table.ratio(rates, constant))
        for what, rates in taken.items()
    ]
    table.show(("nginx", "requests a second", "of the endpoint that says 204"), rows)


async def constant(
    scope: dict[str, Any], _: object, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Say 204 to everything, as an ASGI app."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def _site(sandbox: Sandbox) -> Iterator[str]:
    """Run both endpoints, and nginx before them; give its address."""
    home = sandbox.home
    for path in _KINDS.values():
        folder = home / path.strip("/")
        folder.mkdir()
        (folder / "index.html").write_text("x")
    other = home / "constant.sock"
    command = [sys.executable, "-m", "uvicorn", f"{__spec__.name}:constant", "--uds", str(other)]
    options = "--http httptools --loop uvloop --no-access-log --log-level warning --lifespan off"
    log = home / "log"
    with (
        held_port() as port,
        endpoint(sandbox) as served,
        running([*command, *options.split()], dict(os.environ), log),
    ):
        url = f"http://127.0.0.1:{port}"
        config = home / "nginx.conf"
        config.write_text(_config(home, port, {"constant": other, "ours": served.path}))
        nginx = [str(which("nginx")), "-e", "stderr", "-p", str(home), "-c", str(config)]
        with running(nginx, sandbox.environment(), log) as process, Client(base_url=url) as client:
            wait_for(client, process, log)
            yield url


def _config(home: Path, port: int, asked: dict[str, Path]) -> str:
    upstreams = "".join(
        f"upstream {name} {{ server unix:{path}; keepalive 64; }}" for name, path in asked.items()
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


def _rate(url: str, secret: str) -> float:
    """Return how many requests with a secret are answered in a second."""
    said = subprocess.run(
        ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "-H", f"X-API-Key: {secret}", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Non-2xx" not in said, said
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found is not None, said
    return float(found[1])


if __name__ == "__main__":
    main()
