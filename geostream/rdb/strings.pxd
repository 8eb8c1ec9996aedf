# Types of strings.py.

cimport cython


@cython.final
cdef class Cursor:
    cdef public Py_ssize_t at
    cdef public Py_ssize_t end
    cdef readonly object data

    @cython.locals(at=Py_ssize_t, stop=Py_ssize_t)
    cpdef raw(self, size_bytes)
    cpdef skip(self, size_bytes)
    @cython.locals(at=Py_ssize_t)
    cpdef int byte(self) except -1
    @cython.locals(at=Py_ssize_t, first=int)
    cpdef length(self)
    @cython.locals(at=Py_ssize_t, first=int)
    cpdef string(self)
    @cython.locals(at=Py_ssize_t, first=int)
    cpdef skip_string(self)
