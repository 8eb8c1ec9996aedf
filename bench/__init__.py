"""The benchmark: geostream beside a real Redis and a real Valkey, one load on each in turn.

``python -m bench`` starts all three on free loopback ports with persistence off, runs every
workload on each of them within each round, and prints medians over the rounds: throughput,
server CPU per operation, bytes of memory per entry, and ratios to the better of the other two.

It asserts nothing: it measures. Linux only, because CPU and memory are read from /proc.
"""
