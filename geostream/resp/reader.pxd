cimport cython

from geostream.resp.walker cimport Walker


cdef class RequestReader:
    cdef public bint authenticated
    cdef public object error
    cdef public bint held_back
    cdef Walker _walker
    cdef long long _max_whole_bytes
    cdef bytes _held
    cdef Py_ssize_t _held_from

    @cython.locals(walker=Walker, requests=list)
    cpdef list feed(self, data)

    cdef _hold(self, bytes data, Py_ssize_t start)

    cdef list _read_whole(self, bytes data)

    @cython.locals(walker=Walker, start=Py_ssize_t, stop=Py_ssize_t, cut=Py_ssize_t)
    cdef _read_pieces(self, bytes data, list requests)
