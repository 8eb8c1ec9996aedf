cimport cython


cdef Py_ssize_t _SMALL
cdef list _ID_HEADS
cdef list _FIELDS_HEADS
cdef list _TEXT_HEADS
cdef bytes _END


@cython.locals(count=Py_ssize_t, length=Py_ssize_t, pieces=list, text=bytes)
cpdef bytes pack_entry(bytes shown_id, list fields)
