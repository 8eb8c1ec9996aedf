"""What the process around the engine can do for a command.

The core does no I/O and knows no process. What SHUTDOWN, DEBUG SLEEP or INFO need from
outside goes through this class; app.py gives the engine one that is connected to the
real thing, tests give it this one or their own.
"""

from __future__ import annotations

from geostream.reply import Reply


class NoLink:
    """The link of a client without a connection: what is pushed goes nowhere."""

    fd = -1
    bytes_in = 0
    bytes_out = 0
    pending_bytes = 0
    unsent_bytes = 0

    def push(self, reply: Reply) -> None:
        """Drop it: there is nobody to send it to."""

    def set_timer(self) -> None:
        """Do nothing: whoever drives a bare engine looks at its tickets itself."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class Host:
    """A process that is nothing but an engine; the base class of the real one."""

    no_link = NoLink()
    run_id = "0" * 40
    tcp_port = 0
    config_file = ""
    process_id = 0
    executable = ""  # what was started
    system = ""  # name, release and machine, as INFO shows them: Linux 6.1 x86_64
    arch_bits = 64
    event_loop = ""  # what the process waits with: libev
    total_memory_bytes = 0  # of the machine
    baseline_bytes = 0  # resident before there was any data: counts as used memory

    def sleep(self, duration_s: float) -> None:
        """Hold the whole server up for so long (DEBUG SLEEP)."""

    def shut_down(self) -> None:
        """End the process in an orderly way, soon; the caller goes on for now."""

    def log(self, message: bytes) -> None:
        """Write a line to the server's log (DEBUG LOG)."""

    def give_back(self) -> None:
        """Give memory that is free back to the system (MEMORY PURGE)."""

    def resident_bytes(self) -> int:
        """Return how much memory the process has resident; 0 if it cannot be told."""
        return 0

    def cpu_s(self) -> tuple[float, float]:
        """Return system and user CPU seconds the process has used."""
        return (0.0, 0.0)
