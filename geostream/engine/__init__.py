"""The machinery every command passes through. No sockets, no clock, no waiting."""
