"""A copy of the audit trail for syslog, and so for journald."""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from logging.handlers import SysLogHandler


def to_syslog(socket: str) -> Callable[[Sequence[str]], None]:
    """Return what sends lines to the syslog that listens at `socket`, such as /dev/log.

    A syslog that does not listen loses them: the trail itself is what counts.
    """

    def send(lines: Sequence[str]) -> None:
        with suppress(OSError), closing(_Quiet(socket, SysLogHandler.LOG_AUTHPRIV)) as handler:
            for line in lines:
                handler.emit(logging.makeLogRecord({"msg": line, "levelno": logging.INFO}))

    return send


class _Quiet(SysLogHandler):
    ident = "tokentui: "

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Let it be lost."""
