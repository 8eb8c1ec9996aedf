"""Between the store's facts and the plugins that keep them.

api.py        what a plugin is: the page its author reads
registry.py   finds plugins by the names in config.yaml
journal.py    batches of effects, the writer threads, and when a reply may leave
snapshots.py  when to take one, and taking it
recovery.py   loading at start; what to do with damaged data
"""
