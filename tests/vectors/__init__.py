"""Replies recorded on Redis 8.6.2, for what the servers of tests/differential do not know yet."""
