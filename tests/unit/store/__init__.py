"""The data, without a protocol."""
