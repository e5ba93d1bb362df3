"""How the server reloads."""

import asyncio
import logging
from threading import Event
from typing import NoReturn
from unittest import mock

import pytest
import uvicorn

from tokentui.core.verdicts import UnknownToken
from tokentui.core.verifier import Verifier
from tokentui.server.connections import Pools
from tokentui.server.forward_auth import ForwardAuth
from tokentui.server.proxies import TrustedProxies
from tokentui.server.serve import _Server


async def test_a_signal_during_a_reload_leads_to_another(
    verifier: Verifier, caplog: pytest.LogCaptureFixture
) -> None:
    opened = [mock.Mock(spec=Verifier) for _ in range(2)]
    reading, go_on = Event(), Event()
    turns = iter(opened)

    def reopen() -> Verifier:
        reading.set()
        assert go_on.wait(20)
        return next(turns)

    proxies = TrustedProxies([])
    app, pools = ForwardAuth(verifier, proxies), Pools(proxies, 16)
    server = _Server(uvicorn.Config(app, log_config=None), app, pools, reopen, lambda: None)
    with caplog.at_level(logging.WARNING):
        server._begin_to_reload()
        await asyncio.to_thread(reading.wait, 20)
        for _ in range(3):
            server._begin_to_reload()
        go_on.set()
        assert server._reloading is not None
        await server._reloading
    assert app.verifier is opened[-1]
    assert [each.close.called for each in opened] == [True, False]
    assert caplog.messages == ["Reloaded."] * 2


async def test_a_verifier_is_closed_once_its_last_request_is_answered() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    before, later = (mock.Mock(spec=Verifier) for _ in range(2))

    async def averify(*_: object) -> NoReturn:
        asked.set()
        await go_on.wait()
        raise UnknownToken("There is no token with this secret.")

    before.averify = averify
    app = ForwardAuth(before, TrustedProxies([]))
    headers = [(b"authorization", b"Bearer x")]
    request = {"type": "http", "method": "GET", "path": "/auth", "headers": headers}
    sent = mock.AsyncMock()
    under_way = asyncio.create_task(app(request, mock.AsyncMock(), sent))
    await asked.wait()
    await app.replace(later)
    assert not before.close.called
    go_on.set()
    await under_way
    assert sent.await_args_list[0].args[0]["status"] == 401
    before.close.assert_called_once_with()
    assert not later.close.called
