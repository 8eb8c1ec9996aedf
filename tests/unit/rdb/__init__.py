"""Unit tests of the RDB format."""
