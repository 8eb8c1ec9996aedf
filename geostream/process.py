"""What happens to the process before and after it serves.

It goes to its directory, and on request into the background, and leaves a file
with its process ID while it runs. All of it comes before gevent is imported: a
hub that was made before a fork would share its event loop with the parent.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from geostream import heap
from geostream.config import BadConfig, Config, load

#: Flags of ``serve`` that stand for a setting of another name.
SETTING_OF_FLAG = {"--host": "bind", "--port": "port", "--dir": "dir"}

SWITCH_INTERVAL_S = 0.0005  # other threads get the interpreter soon

MAX_PROBLEMS_SHOWN = 50


def serve(file: Path | None, flags: Sequence[tuple[str, str, str]]) -> int:
    """Serve with this file and these flags until told to stop; return the exit status."""
    config = configured(file, flags)
    return 1 if config is None else run(config)


def configured(file: Path | None, flags: Sequence[tuple[str, str, str]]) -> Config | None:
    """Return the configuration; None, and the problems are printed, if it will not do."""
    try:
        return load(file, environ=os.environ, flags=flags)
    except BadConfig as error:
        for problem in error.problems[:MAX_PROBLEMS_SHOWN]:
            print(problem, file=sys.stderr)
        if len(error.problems) > MAX_PROBLEMS_SHOWN:
            print(f"and {len(error.problems) - MAX_PROBLEMS_SHOWN} more", file=sys.stderr)
        return None


def run(config: Config, *, in_background: bool = False, pidfile: str = "") -> int:
    """Serve until told to stop; return the exit status."""
    try:
        _enter(config)
        if in_background:
            _go_into_background()
    except _CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    pid_path = Path(pidfile).absolute() if pidfile else None
    if pid_path is not None:
        _write_pid(pid_path)
    gc.disable()  # what is imported stays: the server switches it on again
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    heap.settle()
    # Only now: the imports start gevent's hub, and are the slow part of a start.
    from geostream.persistence.registry import begin  # noqa: PLC0415

    begun = begin(config)
    from geostream.app import serve  # noqa: PLC0415

    try:
        return serve(config, begun)
    finally:
        if pid_path is not None:
            with suppress(OSError):  # it was never written, or somebody tidied up before us
                pid_path.unlink()


class _CannotStart(Exception):
    """The text says which setting is in the way."""


def _enter(config: Config) -> None:
    directory = config.settings.server.dir
    try:
        os.chdir(directory)
    except OSError as error:
        raise _CannotStart(f"server.dir: {directory}: {error.strerror}") from None
    logfile = config.settings.log.logfile
    if logfile:
        try:
            open(logfile, "ab").close()
        except OSError as error:
            raise _CannotStart(f"log.logfile: {logfile}: {error.strerror}") from None


def _write_pid(path: Path) -> None:
    try:
        path.write_text(f"{os.getpid()}\n")
    except OSError as error:  # as Redis: no reason not to serve
        print(f"pidfile: {path}: {error.strerror}; going on without", file=sys.stderr)


def _go_into_background() -> None:
    """Leave the terminal: fork twice, with a session in between, let go of the streams."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    if nowhere > 2:
        os.close(nowhere)
