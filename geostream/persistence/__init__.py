"""Between the store's facts and the plugins that keep them.

api.py              what a plugin is: the page its author reads
registry.py         finds plugins by the names in config.yaml
writer.py           one plugin and the thread that writes for it
journal.py          batches of effects, and when a reply may leave
snapshots.py        when to take one, and taking it
recovery.py         loading at start; when to refuse
disk.py             all of it together, as the engine knows it
reconfiguration.py  what CONFIG SET means for it
info.py             what INFO tells of it
"""
