cdef class Gate:
    cpdef long long waits_for(self) except? -1
    cpdef end_turn(self)
