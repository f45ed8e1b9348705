"""What goes wrong between here and the server: each fault has its error, and none loses a write."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import BaseConnection

import nuthatch
from nuthatch import (
    BackendUnavailable,
    Document,
    IndexLocked,
    IndexNotFound,
    InvalidConfig,
    LexicalBackend,
    QueryTimeout,
)
from nuthatch_postgres.client.embedded_client import (
    AsyncEmbeddedConnection,
    AsyncServerConnection,
    EmbeddedConnection,
    ServerConnection,
)
from support.server import Server

Open = Callable[..., LexicalBackend]


def filled(index: LexicalBackend) -> LexicalBackend:
    index.add([Document(f"d{n}", f"t{n}", f"wolf horse{n}") for n in range(20)])
    return index


def test_a_search_is_made_again_when_its_session_was_ended(
    running: Server, open_index: Open
) -> None:
    index = filled(open_index())
    with index.reader(), index.reader(), index.reader():
        pass  # three sessions, idle from here on
    running.end_sessions()
    assert len(index.search("wolf")) == 20
    running.end_sessions()
    assert index.get("d3") is not None
    running.end_sessions()
    assert index.info().documents == 20


def test_a_write_that_begins_on_an_ended_session_takes_another(
    running: Server, open_index: Open
) -> None:
    index = filled(open_index())
    running.end_sessions()
    assert index.add(Document("new", "", "wolf")).added == 1
    running.end_sessions()
    assert index.delete("new") == 1


def test_a_write_whose_session_ends_on_the_way_says_so_and_is_whole_or_not_there(
    running: Server, open_index: Open
) -> None:
    """It waits for a lock when it is ended; nothing of it is there, and it is not tried again."""
    index = filled(open_index())
    failed: list[Exception] = []

    def add() -> None:
        try:
            index.add([Document("d1", "", "changed"), Document("new", "", "wolf")])
        except BackendUnavailable as error:
            failed.append(error)

    with running.connect() as admin, admin.transaction():
        admin.execute(f'LOCK TABLE "nuthatch_{index.config.index}".document')
        thread = threading.Thread(target=add)
        thread.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with running.connect() as other:
            while other.execute(waiting).fetchone() == (0,):
                time.sleep(0.01)
        running.end_sessions(" AND wait_event_type = 'Lock'")
        thread.join()
    (error,) = failed
    assert isinstance(error, BackendUnavailable)
    assert error.transient
    assert "lost" in str(error)
    assert index.get("new") is None
    assert index.get("d1").title == "t1"  # type: ignore[union-attr]
    assert index.check() == []


def test_a_server_that_restarts_is_found_again(mortal: Server) -> None:
    with nuthatch.open(f"{mortal.dsn()}?index=i", create=True) as index:
        filled(index)
        mortal.restart()
        assert len(index.search("wolf")) == 20
        mortal.restart()
        assert index.add(Document("new", "", "wolf")).added == 1
        mortal.stop()
        begun = time.monotonic()
        with pytest.raises(BackendUnavailable, match="cannot be reached") as caught:
            index.search("wolf")
        assert caught.value.transient
        assert time.monotonic() - begun < 10  # it says so at once, and does not wait for a pool
        mortal.start()
        assert len(index.search("wolf", 100)) == 21


def test_a_timeout_stops_the_server_and_leaves_the_session_usable(
    running: Server, open_index: Open
) -> None:
    index = filled(open_index(connections=1))
    with running.connect() as admin, admin.transaction():
        admin.execute(f'LOCK TABLE "nuthatch_{index.config.index}".term')
        with pytest.raises(QueryTimeout, match="longer than its timeout"):
            index.search("wolf", timeout=0.2)
    assert len(index.search("wolf")) == 20


def test_a_write_waits_for_its_lock_no_longer_than_it_may(
    running: Server, open_index: Open
) -> None:
    index = filled(open_index(lock_timeout=0.2))
    with running.connect() as admin, admin.transaction():
        admin.execute(f'LOCK TABLE "nuthatch_{index.config.index}".document IN SHARE MODE')
        with pytest.raises(IndexLocked, match="raise lock_timeout"):
            index.add(Document("new", "", "wolf"))
        assert len(index.search("wolf")) == 20
    assert index.add(Document("new", "", "wolf")).added == 1


def test_an_exhausted_pool_says_what_holds_it(open_index: Open) -> None:
    index = filled(open_index(connections=2, pool_timeout=0.3))
    with index.reader(), index.reader():
        with pytest.raises(BackendUnavailable, match="are in use") as caught:
            index.search("wolf")
        assert caught.value.transient
        with pytest.raises(QueryTimeout, match="waited its whole timeout"):
            index.search("wolf", timeout=0.1)
    assert len(index.search("wolf")) == 20


def test_a_consumer_that_takes_too_long_is_told_so(mortal: Server) -> None:
    with nuthatch.open(f"{mortal.dsn()}?index=i", create=True) as index:
        index.add(Document(f"d{n}", "", "wolf") for n in range(1500))
        with mortal.connect() as admin:
            admin.execute("ALTER SYSTEM SET idle_in_transaction_session_timeout = '200ms'")
            admin.execute("SELECT pg_reload_conf()")
        documents = index.documents()
        next(documents)
        time.sleep(0.6)
        with pytest.raises(BackendUnavailable, match="idle") as caught:
            list(documents)
        assert caught.value.transient
        assert len(index.search("wolf", 2000)) == 1500


def test_a_read_only_server_is_read_and_refuses_to_be_written(
    running: Server, open_index: Open, url: str
) -> None:
    filled(open_index())
    with running.connect() as admin:
        admin.execute("CREATE ROLE reader LOGIN SUPERUSER")
        admin.execute("ALTER ROLE reader SET default_transaction_read_only = on")
    try:
        with nuthatch.open(url.replace("nuthatch@", "reader@")) as index:
            assert len(index.search("wolf")) == 20
            for write in (
                lambda: index.add(Document("new")),
                lambda: index.delete("d1"),
                index.optimize,
                lambda: nuthatch.drop(url.replace("nuthatch@", "reader@")),
            ):
                with pytest.raises(BackendUnavailable, match="connect to the primary"):
                    write()
    finally:
        with running.connect() as admin:
            admin.execute("DROP ROLE reader")


def test_rights_that_do_not_suffice_are_named(running: Server, open_index: Open, url: str) -> None:
    filled(open_index())
    guests = url.replace("nuthatch@", "guest@")
    with running.connect() as admin:
        admin.execute("CREATE ROLE guest LOGIN")
    try:
        for create in (False, True):
            with pytest.raises(BackendUnavailable, match="rights do not suffice"):
                nuthatch.open(guests, create=create)
        with pytest.raises(BackendUnavailable, match="CREATE on the database"):
            nuthatch.open(f"{running.dsn(user='guest')}?index=mine", create=True)
        home = url.rpartition("=")[2]
        with running.connect() as admin:
            admin.execute(f"GRANT USAGE ON SCHEMA nuthatch_{home} TO guest")
            admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA nuthatch_{home} TO guest")
        with nuthatch.open(guests) as index:
            assert len(index.search("wolf")) == 20
            assert index.check() == []
            with pytest.raises(BackendUnavailable, match="rights do not suffice"):
                index.add(Document("new"))
        with running.connect() as admin:
            admin.execute("CREATE SCHEMA nuthatch_given AUTHORIZATION guest")
        given = f"{running.dsn(user='guest')}?index=given"
        with nuthatch.open(given, create=True) as index:
            assert len(filled(index).search("wolf")) == 20
            index.optimize()
        nuthatch.drop(given)
    finally:
        with running.connect() as admin:
            admin.execute("DROP OWNED BY guest")
            admin.execute("DROP ROLE guest")


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("postgresql://nuthatch@127.0.0.1:{port}/nowhere?index=i", BackendUnavailable, "database"),
        ("postgresql://nobody@127.0.0.1:{port}/postgres?index=i", BackendUnavailable, "the user"),
        ("postgresql://nuthatch@127.0.0.1:1/postgres?index=i", BackendUnavailable, "the port"),
        (
            "postgresql://nuthatch@127.0.0.1:{port}/postgres?index=absent",
            IndexNotFound,
            "create it",
        ),
        ("postgresql://nuthatch@127.0.0.1:{port}/postgres", InvalidConfig, "add index=NAME"),
        ("postgresql://nuthatch@127.0.0.1:{port}/postgres?index=a;b", InvalidConfig, "is named"),
        ("postgresql://[h/db?index=i", InvalidConfig, "no server.s URL"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(
    running: Server, url: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        nuthatch.open(url.format(port=running.port))


def test_a_password_is_never_shown(mortal: Server) -> None:
    with mortal.connect() as admin:
        admin.execute("CREATE ROLE secretive LOGIN SUPERUSER PASSWORD 'p@ss:w0rd/'")
    control = mortal.data / "pg_hba.conf"
    control.write_text(
        "host all secretive 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
    )
    with mortal.connect() as admin:
        admin.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)
    good = mortal.dsn(user="secretive:p%40ss%3Aw0rd%2F")
    with nuthatch.open(f"{good}?index=i", create=True) as index:
        filled(index)
        shown = [repr(index.config), str(index.config), index.config.place, str(index.info())]
    with nuthatch.open(f"{mortal.dsn(user='secretive')}?index=i", password="p@ss:w0rd/") as index:
        assert len(index.search("wolf")) == 20
    bad = mortal.dsn(user="secretive:wr0ng%21")
    with pytest.raises(BackendUnavailable, match="the password") as caught:
        nuthatch.open(f"{bad}?index=i")
    error: BaseException | None = caught.value
    while error is not None:
        shown += [str(error), repr(error)]
        error = error.__cause__
    for text in shown:
        assert "w0rd" not in text
        assert "wr0ng" not in text


def test_a_database_of_another_encoding_is_refused(running: Server) -> None:
    with running.connect() as admin:
        admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(BackendUnavailable, match="encoding LATIN1"):
        nuthatch.open(f"{running.dsn('latin')}?index=i", create=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_makes_connections_of_its_own(open_index: Open) -> None:
    index = filled(open_index())
    assert len(index.search("wolf")) == 20
    child = os.fork()
    if child == 0:
        ends = 1
        try:
            ends = 0 if len(index.search("wolf")) == 20 else 2
            index.add(Document("child", "", "wolf"))
        finally:
            os._exit(ends)
    assert os.waitpid(child, 0)[1] == 0
    assert len(index.search("wolf", 100)) == 21


def test_an_index_that_was_made_anew_is_not_taken_for_the_old_one(
    open_index: Open, url: str
) -> None:
    index: Any = filled(open_index())
    index.search("wolf")
    nuthatch.drop(url)
    with nuthatch.open(url, create="new") as other:
        other.add(Document("x", "", "other"))
        for use in (lambda: index.search("wolf"), lambda: index.add(Document("new"))):
            with pytest.raises(BackendUnavailable, match="made anew"):
                use()
        assert other.info().documents == 1


@pytest.mark.parametrize("level", ["NOTICE", "WARNING"])
def test_no_message_of_a_server_calls_python(
    running: Server, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    """An interrupt that struck in there, within a callback of libpq, would be lost."""
    called: list[object] = []
    monkeypatch.setattr(BaseConnection, "_notice_handler", lambda *given: called.append(given))
    statement = f"DO $$ BEGIN RAISE {level} 'wolf'; END $$".encode()

    async def execute() -> None:
        for kind in (AsyncServerConnection, AsyncEmbeddedConnection):
            connection = await kind.connect(running.dsn())
            async with connection:
                await connection.execute(statement)

    with psycopg.connect(running.dsn()) as connection:
        connection.execute(statement)
    assert len(called) == 1
    for kind in (ServerConnection, EmbeddedConnection):
        with kind.connect(running.dsn()) as connection:
            connection.execute(statement)
    asyncio.run(execute())
    assert len(called) == 1


def test_an_index_hears_no_message_of_its_server(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the environment asks for all of them; `optimize` raises one for each index."""
    called: list[object] = []
    monkeypatch.setattr(BaseConnection, "_notice_handler", lambda *given: called.append(given))
    monkeypatch.setenv("PGOPTIONS", "-c client_min_messages=debug5")
    index = open_index(
        schema=nuthatch.Schema(fields=(nuthatch.PhraseField("p", match="substring"),))
    )
    filled(index).optimize()
    assert len(asyncio.run(index.search_async("wolf"))) == len(index.search("wolf")) == 20
    assert not called


def test_ids_that_are_used_up_refuse_the_batch_whole(running: Server, open_index: Open) -> None:
    index = filled(open_index())
    with running.connect() as admin:
        place = f'"nuthatch_{index.config.index}".counter'
        admin.execute(f"UPDATE {place} SET next = {2**32 - 1}")
        with pytest.raises(BackendUnavailable, match="copy it into a new one"):
            index.add([Document("d0", "", "fox"), Document("new", "", "wolf")])
    assert index.info().documents == 20
    assert index.get("d0") == Document("d0", "t0", "wolf horse0")
    assert index.get("new") is None
