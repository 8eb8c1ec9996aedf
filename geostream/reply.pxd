cimport cython


@cython.final
cdef class Wire:
    cdef readonly object pieces


@cython.locals(wire=Wire)
cpdef Wire wire_of(list pieces)


@cython.final
cdef class PairArrays:
    cdef readonly object items
