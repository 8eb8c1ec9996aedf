"""Redis' append-only file: written so that real servers read it, and theirs is read here.

plugin.py      what a persistence plugin does
parts.py       the directory, its lock, the layout of older servers
manifest.py    which files count
records.py     effects as commands
annotations.py what no command can say
base.py        all data at one moment
log_file.py    the file that is appended to
scan.py        bytes to commands and lines
log_reader.py  commands and lines to what is stored
options.py     what can be set
"""

from geostream_plugins.aof.plugin import AofPersistence

__all__ = ["AofPersistence"]
