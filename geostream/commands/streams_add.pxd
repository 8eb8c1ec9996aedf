cimport cython

from geostream.engine.context cimport Context
from geostream.engine.shortcut cimport Shortcut
from geostream.store.effects.entry_added cimport EntryAdded, entry_added
from geostream.store.ids cimport choose_id, id_bytes
from geostream.store.stream cimport Stream
from geostream.store.wire cimport pack_entry, payload_bytes

cdef long long _MAX_ENTRY_BYTES


@cython.locals(shown_id=bytes, entry=bytes, starts_node=bint, effect=EntryAdded)
cpdef bytes add_to(
    Context ctx, bytes key, Stream stream, tuple entry_id, list fields, Py_ssize_t payload
)


cdef class AddEntry(Shortcut):
    @cython.locals(stream=Stream, fields=list, payload=Py_ssize_t)
    cdef object take(self, Context ctx, list words)
