"""Channels and patterns, and who is subscribed to them.

A message goes to a client once for its channel and once for each matching pattern, in
that order, as in Redis. Shard channels are a namespace of their own.
"""

from __future__ import annotations

from geostream.engine.client import Client
from geostream.engine.glob import glob_matches
from geostream.reply import Push, Reply

Subscribers = dict[bytes, dict[Client, None]]


class PubSub:
    """All subscriptions."""

    def __init__(self) -> None:
        """Start empty."""
        self.channels: Subscribers = {}
        self.patterns: Subscribers = {}
        self.shard_channels: Subscribers = {}
        self._held_for: Client | None = None
        self._held: list[Reply] = []

    def publish(self, channel: bytes, message: bytes) -> int:
        """Send a message; return how many times it was sent. O(subscribers + patterns)."""
        sent = self._send_all(self.channels.get(channel), (b"message", channel, message))
        for pattern, clients in list(self.patterns.items()):
            if glob_matches(pattern, channel):
                sent += self._send_all(clients, (b"pmessage", pattern, channel, message))
        return sent

    def publish_sharded(self, channel: bytes, message: bytes) -> int:
        """Send a message to a shard channel; return how many times it was sent."""
        return self._send_all(self.shard_channels.get(channel), (b"smessage", channel, message))

    def _send_all(self, subscribers: dict[Client, None] | None, parts: tuple[bytes, ...]) -> int:
        if not subscribers:
            return 0
        clients = list(subscribers)  # one that is dropped meanwhile leaves the table
        push = Push(parts)
        for client in clients:
            self.send(client, push)
        return len(clients)

    # A client's own request may make it hear something; that comes behind the reply.

    def hold(self, client: Client) -> None:
        """Keep back what this client hears until ``release``."""
        self._held_for = client

    def release(self) -> list[Reply]:
        """Return what was kept back, and keep back no more."""
        self._held_for = None
        if not self._held:
            return []
        held, self._held = self._held, []
        return held

    def send(self, client: Client, reply: Reply) -> None:
        """Send a client something it did not ask for just now."""
        if client is self._held_for:
            self._held.append(reply)
        else:
            client.link.push(reply)

    # Subscriptions

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
