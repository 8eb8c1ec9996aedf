"""A connection to a running server: requests in pipelines, replies as RESP2 gives them.

Written on the client library's connection and not on its commands: those turn replies into
other things, differently from version to version, and a tool that copies bytes wants bytes.
Nothing is tried twice: whoever runs the tool again gets on from where it stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from redis import exceptions
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.retry import Retry

from geostream.tools.errors import Misuse, ToolError
from geostream.tools.places import ServerPlace

TIMEOUT_S = 60.0  # for one reply
CONNECT_S = 10.0
PIPELINE_REQUESTS = 500
PIPELINE_BYTES = 16 * 2**20

Request = Sequence[bytes | str | int]
Refusal = exceptions.ResponseError

#: Errors after which going on makes no sense: the next key would get the same.
_FATAL_CLASSES = (
    exceptions.AskError,  # MOVED too
    exceptions.ClusterDownError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    exceptions.AuthenticationError,
    exceptions.MasterDownError,
    exceptions.TryAgainError,
)
_FATAL_WORDS = re.compile(r"(BUSY|MISCONF|NOREPLICAS|UNKILLABLE)\b")
_KEYS = re.compile(r"db(\d+):keys=(\d+)")


class Server:
    """A server that is no part of a cluster. Raises ToolError for whatever goes wrong."""

    def __init__(self, place: ServerPlace, timeout_s: float = TIMEOUT_S) -> None:
        """Connect, and see what is there."""
        self.name = str(place)
        self._db: int | None = None
        try:
            pool: ConnectionPool = ConnectionPool.from_url(
                place.url,
                protocol=2,
                socket_timeout=timeout_s,
                socket_connect_timeout=min(timeout_s, CONNECT_S),
                retry=Retry(NoBackoff(), 0),
                decode_responses=False,
            )
            self._connection: Any = pool.make_connection()  # the library's own types stop here
        except (TypeError, ValueError, exceptions.RedisError) as error:  # an ssl_ option
            raise Misuse(f"{self.name}: {error}") from None
        self.info = self._look()
        if self.info.get("cluster_enabled") == "1":
            raise ToolError(
                f"{self.name}: part of a cluster, whose keys are on several servers; that is not"
                " supported"
            )

    def _look(self) -> dict[str, str]:
        text = self.ask("INFO")
        if not isinstance(text, bytes):
            raise self.unexpected("INFO")
        lines = text.decode("utf-8", "replace").splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    @property
    def databases(self) -> dict[int, int]:
        """The number of keys of each database that has some."""
        found = (_KEYS.match(f"{name}:{text}") for name, text in self.info.items())
        return {int(match[1]): int(match[2]) for match in found if match}

    @property
    def what(self) -> str:
        """The software and its version."""
        for name in ("geostream", "valkey", "redis"):
            if f"{name}_version" in self.info:
                return f"{name} {self.info[f'{name}_version']}"
        return "a server that does not say what it is"

    def select(self, db: int) -> None:
        """Go on in a database."""
        if self._db != db:
            self._db = None
            self.ask("SELECT", db)
            self._db = db

    def has_database(self, db: int) -> bool:
        """Tell whether a database can be selected."""
        self._db = None
        return not isinstance(self.ask_all([("SELECT", db)])[0], Refusal)

    def ask(self, *words: bytes | str | int) -> Any:
        """Return the reply to one request; an error reply is raised."""
        reply = self.ask_all([words])[0]
        if isinstance(reply, Refusal):
            raise ToolError(f"{self.name}: {words[0]!s}: {refusal_text(reply)}") from reply
        return reply

    def ask_all(self, requests: Sequence[Request]) -> list[Any]:
        """Return the replies to some requests, sent in one go; error replies are among them.

        Raises ToolError if the connection breaks, and for errors that concern every request.
        """
        connection = self._connection
        try:
            connection.send_packed_command(connection.pack_commands(requests))
            replies = [self._reply(connection) for _ in requests]
        except exceptions.TimeoutError as error:
            raise ToolError(f"{self.name}: no answer in time") from error
        except (exceptions.RedisError, OSError) as error:
            raise ToolError(f"{self.name}: {refusal_text(error)}") from error
        for reply in replies:
            if isinstance(reply, _FATAL_CLASSES) or (
                isinstance(reply, Refusal) and _FATAL_WORDS.match(str(reply))
            ):
                raise ToolError(f"{self.name}: {refusal_text(reply)}")
        return replies

    @staticmethod
    def _reply(connection: Any) -> Any:
        try:
            return connection.read_response(disconnect_on_error=False)
        except exceptions.AuthenticationError as refusal:  # no ResponseError, for the library
            return refusal
        except Refusal as refusal:
            return refusal

    def unexpected(self, request: str) -> ToolError:
        """Return the error for a reply that is not of the form it must have."""
        return ToolError(f"{self.name}: {request}: the reply is not what was expected")

    def close(self) -> None:
        """Hang up."""
        self._connection.disconnect()


def refusal_text(refusal: Exception) -> str:
    """Return an error reply as the server wrote it; the library takes known first words away."""
    code = getattr(refusal, "status_code", None)
    return f"{code} {refusal}" if code else str(refusal)


def batched(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """Cut requests into pipelines of a bounded size."""
    requests = iter(requests)
    while part := list(islice(requests, 1)):
        size_bytes = _size_bytes(part[0])
        for request in islice(requests, PIPELINE_REQUESTS - 1):
            part.append(request)
            size_bytes += _size_bytes(request)
            if size_bytes >= PIPELINE_BYTES:
                break
        yield part


def _size_bytes(request: Request) -> int:
    return sum(len(word) for word in request if isinstance(word, bytes | str))
