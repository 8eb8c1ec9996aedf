"""No request is our fault: whatever a client sends is answered, with a reply or an error.

Every row of the command table is called with words drawn from a pool that has something
for every parser: keys of each type, numbers at the edges, options, IDs, junk. A handler
that fails with anything but an error reply raises here, because the engine is given
nobody to report it to. Every reply must also have a form in both protocols.
"""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from geostream.engine.command import TABLE
from geostream.reply import NO_REPLY
from geostream.resp.writer import ENCODERS
from tests.support.contents import contents
from tests.support.engines import make_engine
from tests.support.no_switch import no_switch

KEYS = ["s", "t", "text", "number", "missing", ""]
NUMBERS = ["0", "1", "2", "-1", "10", str(2**63 - 1), str(-(2**63)), str(2**64), "1.5", "1e400"]
IDS = ["*", "$", ">", "+", "-", "0-0", "1-1", "(1-1", "5-*", f"{2**64 - 1}-{2**64 - 1}", "0-"]
OPTIONS = (
    "COUNT BLOCK STREAMS GROUP NOACK CLAIM MAXLEN MINID ~ = LIMIT KEEPREF DELREF ACKED IDS FORCE"
    " JUSTID IDLE TIME RETRYCOUNT LASTID IDMP IDMPAUTO MKSTREAM ENTRIESREAD FULL NX XX GT LT EX PX"
    " EXAT PXAT KEEPTTL GET PERSIST REPLACE DB MATCH TYPE ASYNC WITHVALUES ON OFF yes no FAIL FATAL"
    " SILENT MAXCOUNT MAXSIZE IDMP-DURATION ENTRIESADDED MAXDELETEDID SAMPLES ID USER ADDR SKIPME"
)
LONG = [form.format("9" * 5000) for form in ("{}", "{}-*", "({}", "1-{}", "0.{}", "-{}", "1e{}")]
OTHERS = ["g", "h", "a", "b", "f", "v", "\x00\r\n", "[a-", "*?"]
WORDS = [*KEYS, *LONG, *NUMBERS, *IDS, *OPTIONS.split(), *OTHERS]

#: These act on the process, which a test of the engine has not.
NOT_CALLED = {"shutdown", "debug|sleep"}
ROWS = sorted(name for name, row in TABLE.items() if not row.subcommands and name not in NOT_CALLED)

requests = st.tuples(st.sampled_from(ROWS), st.lists(st.sampled_from(WORDS), max_size=9))
SETTING = [
    ["XADD", "s", "1-1", "f", "v"],
    ["XADD", "s", "2-1", "f", "v"],
    ["XGROUP", "CREATE", "s", "g", "0"],
    ["XREADGROUP", "GROUP", "g", "a", "COUNT", "1", "STREAMS", "s", ">"],
    ["XADD", "t", "IDMP", "p", "i", "*", "f", "v"],
    ["SET", "text", "words"],
    ["SET", "number", "41"],
]


@given(st.lists(requests, max_size=25), st.sampled_from([2, 3]))
def test_every_request_is_answered(drawn, protocol):
    subject = make_engine(now_ms=1_000)
    for request in SETTING:
        subject.execute(*request)
    subject.client.protocol = protocol
    with no_switch():
        for name, words in drawn:
            subject.engine.unblock(subject.client)
            subject.advance(7)
            reply = subject.execute(*name.split("|"), *words)
            pieces: list[bytes] = []
            ENCODERS[subject.client.protocol](reply, pieces)
            assert pieces or reply is NO_REPLY
    contents(subject.engine.keyspace)  # can still be walked
