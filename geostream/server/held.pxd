cdef class HeldReplies:
    cdef object _turns
    cdef public long long size_bytes
    cdef public long long replies
    cdef public bint tells_change
    cdef public bint has_messages

    cpdef bint is_empty(self)
    cpdef note_pushed(self, reply)
    cpdef end_turn(self)
