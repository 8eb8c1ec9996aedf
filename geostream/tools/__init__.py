"""Looking into stored data, saving what is left of damaged data, and moving data.

    places.py       what a SOURCE or TARGET names
    items.py        a key with its value, on its way from one place to another
    shadow.py       copies to read from, so that nobody's files are touched
    stores.py       reading a store of any format
    foreign.py      commands of types that are not kept here
    pages.py        whether a SQLite file is sound
    wal.py          whether its log is
    new_stores.py   writing one
    salvage.py      what can be read of a damaged SQLite file
    live.py         a connection to a running server
    live_source.py  reading one
    live_target.py  writing to one
    full_info.py    a stream from what XINFO STREAM FULL says
    by_commands.py  a stream as commands that make it again
    tally.py        what was moved and what was not
    moving.py       import and export
    inspecting.py   inspect
    repairing.py    repair
    verbs.py        the command line of all of them

The tools know plugins as the server does: by name, and by the interface of persistence/api.py.
They run in a process of their own, without gevent, and may block.
"""
