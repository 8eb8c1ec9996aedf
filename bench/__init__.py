"""The benchmark: geostream beside a real Redis and a real Valkey, one load on each in turn.

``python -m bench`` starts all three on free loopback ports, runs every workload on each of them
within each round, and prints medians over the rounds: throughput, server CPU per operation, bytes
of memory per entry, times of start and save, and ratios to the better of the other two. Servers
keep their data in memory only, unless the workload says otherwise (setups.py).

It asserts nothing: it measures. Linux only, because CPU and memory are read from /proc.
"""
