cimport cython

from geostream.store cimport octets
from geostream.store.octets cimport octet  # named for Cython, which follows no whole module


cdef Py_ssize_t _SMALL
cdef list _ID_HEADS
cdef list _FIELDS_HEADS
cdef list _TEXT_HEADS
cdef bytes _END
cdef bytearray _COPY
cdef Py_ssize_t _ID_ROOM_BYTES
cdef Py_ssize_t _HEAD_ROOM_BYTES
cdef Py_ssize_t _MOST_COPIED_BYTES


@cython.locals(count=Py_ssize_t, length=Py_ssize_t, pieces=list, text=bytes)
cpdef bytes pack_entry(bytes shown_id, list fields, Py_ssize_t payload=*)

@cython.locals(size=Py_ssize_t, text=bytes)
cpdef Py_ssize_t payload_bytes(list fields) except -1

@cython.locals(out="octet*", at=Py_ssize_t, text=bytes)
cdef bytes _copied(bytes shown_id, list fields)
