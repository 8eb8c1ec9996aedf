cimport cython


@cython.locals(length=Py_ssize_t)
cpdef encode(object reply, list out, int protocol)
