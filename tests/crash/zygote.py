"""A process that has everything imported and forks a server whenever it is asked.

Importing takes longer than all the rest of a server's life in a test that kills it a hundred
times. So one process imports, and what is started, killed and started again are its children:
each is a server as any other, with a process of its own.

``python -m tests.crash.zygote`` reads a line of JSON for each order and answers with a line:
``{"start": [arguments of geostream], "log": path}`` with the process ID, ``{"wait": process
ID}`` with its exit status, negative for a signal, once it has ended.
"""

from __future__ import annotations

import json
import os
import sys

import geostream.app
from geostream.cli import main
from geostream.persistence.registry import find

for name in ("aof", "rdb", "sqlite"):
    assert find(name), geostream.app  # imported for the children


def _be_a_server(arguments: list[str], log: str) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(descriptor, number)
    main(arguments, prog_name="geostream")


def _obey() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            process_id = os.fork()
            if not process_id:
                _be_a_server(order["start"], order["log"])
            answer = process_id
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        print(answer, flush=True)


if __name__ == "__main__":
    _obey()
