cimport cython


cdef class Args:
    cdef public list words
    cdef public str name
    cdef Py_ssize_t _at

    cpdef begin(self, list words, str name, Py_ssize_t at)
    cpdef bytes next(self)
    cpdef list rest(self)
    cpdef integer(self, str error=*)
    cpdef bint flag(self, bytes keyword) except -1


@cython.locals(length=Py_ssize_t)
cpdef parse_int64(bytes text)
