cdef class Selection:
    cdef public list parts
    cdef public Py_ssize_t count

    cpdef list pieces(self)
    cpdef list ids(self)
