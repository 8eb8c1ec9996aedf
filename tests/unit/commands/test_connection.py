"""PING, HELLO, AUTH, RESET, the CLIENT family and ACL, on an engine without a socket."""

import pytest

from geostream import errors
from geostream.errors import CommandError
from geostream.reply import NO_REPLY, OK, Push, Several, Simple
from tests.support.engines import make_engine

WRONG_PASSWORD = errors.fail(errors.WRONG_PASSWORD).line


@pytest.fixture
def guarded():
    """An engine whose first client has not given the password yet."""
    bench = make_engine(settings={"requirepass": "sesame"})
    bench.client.is_authenticated = False
    bench.client.update_guard()
    return bench


def error_line(reply):
    assert type(reply) is CommandError
    return reply.line


def test_a_resp2_subscriber_is_answered_ping_in_the_shape_of_a_message():
    bench = make_engine()
    assert bench.execute("PING") == Simple(b"PONG")
    bench.execute("SUBSCRIBE c")
    assert bench.execute("PING hi") == [b"pong", b"hi"]


def test_nothing_but_the_handshake_runs_before_the_password(guarded):
    assert error_line(guarded.execute("XLEN s")) == b"NOAUTH Authentication required."
    assert error_line(guarded.execute("EXEC")).startswith(b"EXECABORT")
    assert error_line(guarded.execute("AUTH open")) == WRONG_PASSWORD
    assert error_line(guarded.execute("AUTH somebody sesame")) == WRONG_PASSWORD
    assert guarded.execute("AUTH sesame") == OK
    assert guarded.execute("XLEN s") == 0


def test_refusals_are_in_the_acl_log_and_repeated_ones_are_counted(guarded):
    for _ in range(3):
        guarded.execute("AUTH bad")
    guarded.execute("AUTH default sesame")
    (entry,) = guarded.execute("ACL LOG")
    assert (entry[b"count"], entry[b"username"], entry[b"object"]) == (3, b"default", b"AUTH")


def test_hello_that_fails_changes_nothing():
    bench = make_engine()
    bench.execute("HELLO 3 SETNAME a AUTH somebody x")
    assert (bench.client.protocol, bench.client.name) == (2, b"")


def test_taking_the_password_away_lets_in_who_is_waiting_outside(guarded):
    guarded.engine.config.set_many({"requirepass": ""})
    assert guarded.execute("PING") == Simple(b"PONG")


def test_reset_makes_a_connection_as_new():
    bench = make_engine()
    for request in ("SELECT 3", "CLIENT SETNAME x", "CLIENT NO-TOUCH ON", "WATCH k", "MULTI"):
        bench.execute(request)
    assert bench.execute("RESET") == Simple(b"RESET")
    client = bench.client
    assert (client.database, client.name, client.transaction) == (0, b"", None)
    assert not client.is_guarded
    assert not bench.engine.watches.by_key


def test_client_reply_skip_silences_one_command_and_off_all_until_on():
    bench = make_engine()
    assert bench.execute("CLIENT REPLY SKIP") is NO_REPLY
    assert bench.execute("PING") is NO_REPLY
    assert bench.execute("PING") == Simple(b"PONG")
    assert bench.execute("CLIENT REPLY OFF") is NO_REPLY
    assert bench.execute("NOSUCHCOMMAND") is NO_REPLY
    assert bench.execute("SUBSCRIBE c") == Several([Push((b"subscribe", b"c", 1))])
    bench.execute("UNSUBSCRIBE")
    assert bench.execute("CLIENT REPLY ON") == OK


def test_a_skipped_blocking_read_is_not_answered_later_either():
    bench = make_engine()
    bench.execute("CLIENT REPLY SKIP")
    assert bench.execute("XREAD BLOCK 0 STREAMS s $") is NO_REPLY
    bench.execute("XADD s 1-1 f v", client=bench.connect())
    assert bench.client.link.pushed == [NO_REPLY]


def test_a_killed_client_is_in_no_table_and_gets_nothing():
    bench = make_engine()
    reader = bench.connect()
    bench.execute("XREAD BLOCK 0 STREAMS s $", client=reader)
    assert bench.execute(f"CLIENT KILL ID {reader.id}") == 1
    assert reader.link.is_closed
    bench.execute("XADD s 1-1 f v")
    assert reader.link.pushed == []
    assert list(bench.engine.clients) == [bench.client.id]


def test_unblock_answers_as_if_time_were_up_or_with_an_error():
    bench = make_engine()
    reader = bench.connect()
    bench.execute("XREAD BLOCK 0 STREAMS s $", client=reader)
    assert bench.execute(f"CLIENT UNBLOCK {reader.id} ERROR") == 1
    assert error_line(reader.link.pushed[0]).startswith(b"UNBLOCKED ")
    assert bench.execute(f"CLIENT UNBLOCK {reader.id}") == 0


def test_no_touch_leaves_the_time_of_last_use_but_for_touch_itself():
    bench = make_engine()
    bench.execute("SET k v")
    bench.execute("CLIENT NO-TOUCH ON")
    bench.advance(5_000)
    bench.execute("GET k")
    assert bench.execute("OBJECT IDLETIME k") == 5
    bench.execute("TOUCH k")
    assert bench.execute("OBJECT IDLETIME k") == 0


def test_a_pause_is_made_neither_shorter_nor_milder():
    bench = make_engine(now_ms=1_000)
    bench.execute("CLIENT PAUSE 500 ALL")
    bench.execute("CLIENT PAUSE 100 WRITE")
    assert (bench.engine.paused_until_ms, bench.engine.pauses_writes_only) == (1_500, False)
    bench.execute("CLIENT UNPAUSE")
    assert bench.engine.paused_until_ms == 0


def test_tracking_is_refused_rather_than_promised():
    bench = make_engine()
    assert error_line(bench.execute("CLIENT TRACKING ON")).startswith(b"ERR CLIENT TRACKING")
    assert bench.execute("CLIENT TRACKING OFF") == OK


def test_a_user_other_than_default_is_refused_rather_than_promised():
    assert b"not supported" in error_line(make_engine().execute("ACL SETUSER ann on nopass"))


FIELDS = (
    "id addr laddr fd name age idle flags db sub psub ssub multi watch qbuf qbuf-free argv-mem"
    " multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver io-thread"
    " tot-net-in tot-net-out tot-cmds"
)


def test_client_list_has_the_fields_of_redis_in_their_order():
    line = make_engine().execute("CLIENT INFO").text.decode()
    assert " ".join(field.split("=")[0] for field in line.split()) == FIELDS
