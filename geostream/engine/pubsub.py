"""Channels and patterns, and who is subscribed to them.

A message goes to a client once for its channel and once for each matching pattern, in
that order, as in Redis. Shard channels are a namespace of their own.
"""

from __future__ import annotations

from geostream.engine.client import Client
from geostream.engine.glob import glob_matches
from geostream.reply import Push

Subscribers = dict[bytes, dict[Client, None]]


class PubSub:
    """All subscriptions."""

    def __init__(self) -> None:
        """Start empty."""
        self.channels: Subscribers = {}
        self.patterns: Subscribers = {}
        self.shard_channels: Subscribers = {}

    def publish(self, channel: bytes, message: bytes) -> int:
        """Send a message; return how many times it was sent. O(subscribers + patterns)."""
        sent = 0
        for client in self.channels.get(channel, ()):
            client.link.push(Push((b"message", channel, message)))
            sent += 1
        for pattern, clients in self.patterns.items():
            if glob_matches(pattern, channel):
                for client in clients:
                    client.link.push(Push((b"pmessage", pattern, channel, message)))
                    sent += 1
        return sent

    def publish_sharded(self, channel: bytes, message: bytes) -> int:
        """Send a message to a shard channel; return how many times it was sent."""
        clients = self.shard_channels.get(channel, {})
        for client in clients:
            client.link.push(Push((b"smessage", channel, message)))
        return len(clients)

    def forget(self, client: Client) -> None:
        """Drop all subscriptions of a client."""
        for own, everybody in (
            (client.channels, self.channels),
            (client.patterns, self.patterns),
            (client.shard_channels, self.shard_channels),
        ):
            for name in own:
                remove_subscriber(everybody, name, client)
            own.clear()


def add_subscriber(subscribers: Subscribers, name: bytes, client: Client) -> None:
    """Subscribe a client in one of the tables; its own list is the caller's business."""
    subscribers.setdefault(name, {})[client] = None


def remove_subscriber(subscribers: Subscribers, name: bytes, client: Client) -> None:
    """Undo ``add_subscriber``; nothing happens if the client is not there."""
    clients = subscribers.get(name)
    if clients is not None:
        clients.pop(client, None)
        if not clients:
            del subscribers[name]
