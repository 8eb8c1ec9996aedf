"""How long a request takes at half load: geostream beside a real Redis.

``python -m bench.latency`` first finds out how many requests a second a server answers to clients
that wait for each reply. Then requests are sent at half that rate, each at its own time whether or
not earlier ones are answered, and the time is taken from when a request was due: a server that
stands still is late for all that came due meanwhile, not for one. That is done while the server
does nothing else, and while something large goes on beside (disturbance.py).
"""
