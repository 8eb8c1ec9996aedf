cimport cython


@cython.final
@cython.freelist(16)
cdef class Wire:
    cdef readonly object pieces


@cython.final
@cython.freelist(16)
cdef class PairArrays:
    cdef readonly object items
