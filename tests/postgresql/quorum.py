"""A server of its own that is told to wait for standbys, or for none."""

from contextlib import suppress

import psycopg
from psycopg import sql

from .processes import wait_until
from .server import Server

_WRITE = b"SELECT pg_logical_emit_message(true, 'tried', '')"
_EVENT = "SELECT wait_event FROM pg_stat_activity WHERE pid = %s"


def need_standby(server: Server, name: str) -> None:
    """Let commits wait for a standby, or for none where `name` is empty.

    Returns once a commit is seen to do so: each process of a server reads a setting in its own
    time, and the one that this hangs on is none that can be asked.
    """
    setting = sql.SQL("ALTER SYSTEM SET synchronous_standby_names = {}").format(name)
    with (
        psycopg.connect(server.url(), autocommit=True) as connection,
        psycopg.connect(server.url(), autocommit=True) as tried,
    ):
        connection.execute("SET synchronous_commit TO local")
        connection.execute(setting)
        connection.execute("SELECT pg_reload_conf()")
        pid = tried.info.backend_pid

        def heeded() -> bool:
            tried.pgconn.send_query(_WRITE)
            waits = ended = False
            while not waits and not ended:
                tried.pgconn.consume_input()
                ended = not tried.pgconn.is_busy()
                ((event,),) = connection.execute(_EVENT, [pid]).fetchall()
                waits = bool(name) and event == "SyncRep"
            while ended and tried.pgconn.get_result() is not None:
                pass
            return waits if name else ended

        wait_until(heeded, "the setting is not read")
        if name:
            connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        with suppress(psycopg.Error):
            tried.close()
