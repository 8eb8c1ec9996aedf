"""The wire: bytes to requests and replies to bytes, without sockets."""
