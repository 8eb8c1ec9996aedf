cdef class Watches:
    cdef public dict by_key
