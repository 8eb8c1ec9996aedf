"""Client sockets and greenlets; nothing else in the house has any."""
