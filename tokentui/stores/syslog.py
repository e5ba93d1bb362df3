"""A copy of the audit trail for syslog, and so for journald."""

import logging
from collections.abc import Callable
from contextlib import closing, suppress
from logging.handlers import SysLogHandler


def to_syslog(socket: str) -> Callable[[str], None]:
    """Return what sends a line to the syslog that listens at `socket`, such as /dev/log.

    A syslog that does not listen loses the line: the trail itself is what counts.
    """

    def send(line: str) -> None:
        record = logging.makeLogRecord({"msg": line, "levelno": logging.INFO})
        with suppress(OSError), closing(_Quiet(socket, SysLogHandler.LOG_AUTHPRIV)) as handler:
            handler.emit(record)

    return send


class _Quiet(SysLogHandler):
    ident = "tokentui: "

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Let it be lost."""
