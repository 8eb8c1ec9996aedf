"""Strings, as far as those who read streams keep checkpoints in them."""

from __future__ import annotations

import pytest

from tests.support.both import Both

pytestmark = pytest.mark.real_redis

LINES = [
    "SET k v",
    "SET k v EX 100",
    "SET k v PX 100000",
    "SET k v EXAT 99999999999",
    "SET k v PXAT 99999999999999",
    "SET k v PXAT 1",
    "SET k v KEEPTTL",
    "SET k v EX 100 KEEPTTL",
    "SET k v EX 100 PX 100",
    "SET k v EX 0",
    "SET k v EX -1",
    "SET k v EX x",
    "SET k v EX",
    "SET k v PX 0",
    "SET k v EX 9223372036854775807",
    "SET k v NX",
    "SET new v NX",
    "SET k v XX",
    "SET new v XX",
    "SET k v NX XX",
    "SET k v GET",
    "SET new v GET",
    "SET new v NX GET",
    "SET k v NX GET",
    "SET k v XX GET EX 100",
    "SET s v GET",
    "SET s v NX",
    "SET s v",
    "SET k v FOO",
    "set k v ex 100 nx",
    "SET ttl v KEEPTTL",
    "SET ttl v",
    "GET k",
    "GET missing",
    "GETDEL k",
    "GETDEL missing",
    "GETEX k",
    "GETEX k EX 100",
    "GETEX k PX 100000",
    "GETEX k EXAT 99999999999",
    "GETEX k PXAT 1",
    "GETEX ttl PERSIST",
    "GETEX k PERSIST EX 5",
    "GETEX k EX 0",
    "GETEX k EX x",
    "GETEX k FOO",
    "GETEX missing EX 100",
    "GETSET k w",
    "GETSET new w",
    "SETNX k w",
    "SETNX new w",
    "SETEX k 100 v",
    "SETEX k 0 v",
    "SETEX k x v",
    "PSETEX k 100000 v",
    "PSETEX k -1 v",
    "MGET k missing s ttl",
    "MSET a 1 b 2 a 3",
    "MSET a 1 b",
    "MSETNX a 1 k 2",
    "MSETNX a 1 b 2",
    "STRLEN k",
    "STRLEN missing",
    "APPEND k more",
    "APPEND new more",
    "INCR n",
    "INCR new",
    "INCR k",
    "INCR max",
    "DECR n",
    "DECR min",
    "INCRBY n 5",
    "INCRBY n -5",
    "INCRBY n x",
    "INCRBY max 1",
    "DECRBY n 5",
    "DECRBY n x",
    "DECRBY n -9223372036854775808",
    "INCRBYFLOAT n 1.5",
    "INCRBYFLOAT n x",
    "INCRBYFLOAT k 1",
    "INCRBYFLOAT new 3.0e2",
    "INCRBYFLOAT float 0.1",
    "INCRBYFLOAT float -5",
    "GETRANGE k 0 1",
    "GETRANGE k -2 -1",
    "GETRANGE k 5 1",
    "GETRANGE missing 0 1",
    "GETRANGE k x 1",
    "SETRANGE k 1 xyz",
    "SETRANGE new 3 x",
    "SETRANGE k -1 x",
    'SETRANGE missing 0 ""',
    "SUBSTR k 0 1",
]


@pytest.mark.parametrize("line", LINES)
def test_one_command(both: Both, line: str) -> None:
    both.run_many(
        f"""
        SET k value
        SET n 10
        SET max 9223372036854775807
        SET min -9223372036854775808
        SET float 10.5
        SET ttl x EX 1000
        XADD s 1-1 f v
        {line}
        GET k
        GET n
        GET new
        GET float
        GET ttl
        TTL ttl
        PTTL k
        TYPE s
        TYPE new
        MGET a b
        DBSIZE
        OBJECT ENCODING k
        OBJECT ENCODING n
        """
    )
