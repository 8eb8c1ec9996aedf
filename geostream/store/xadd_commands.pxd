# Types of xadd_commands.py.

cimport cython

from geostream.store cimport octets
from geostream.store.effects.entry_added cimport EntryAdded

cdef Py_ssize_t _ID_AT
cdef Py_ssize_t _OTHER_WORDS
cdef int _STAR
cdef int _LINE_END


@cython.locals(
    pieces=list,
    number=int,
    end=Py_ssize_t,
    first=Py_ssize_t,
    key=bytes,
    head=bytes,
    entry=bytes,
    words=Py_ssize_t,
    count=Py_ssize_t,
    size=Py_ssize_t,
    fields_at=Py_ssize_t,
    words_end=Py_ssize_t,
    added=EntryAdded,
)
cpdef tuple xadd_commands(list batch, Py_ssize_t place)
