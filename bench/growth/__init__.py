"""How the cost of an operation grows with the data: geostream beside a real Redis.

``python -m bench.growth`` fills a server with 10^4, 10^5, ... entries (streams, groups, clients),
measures what some operations then cost it, and draws a panel for each. What is measured is CPU
time of the server process, which hardly depends on what else the machine does. Figures are kept
beside the picture, so ``--draw`` makes it anew without measuring.

Requests are made before they are measured, and sent a few at a time on one connection: what the
kernel takes for each packet would hide what is looked for here.
"""
