cimport cython


@cython.final
cdef class Wire:
    cdef readonly object pieces


@cython.final
cdef class PairArrays:
    cdef readonly object items
