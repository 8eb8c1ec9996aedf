"""Commands, run on an engine without a connection."""
