"""The data: streams and strings in memory. Knows no protocol, does no I/O, reads no clock."""
