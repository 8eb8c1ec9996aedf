# The step of lists.py in C.

from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE, PyList_SetSlice
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF

cdef extern from "Python.h":
    void Py_SET_SIZE(list items, Py_ssize_t size)

cdef enum:
    _SHORT = 4  # items whose room is kept


cdef inline int empty(list items) except -1:
    cdef Py_ssize_t size = PyList_GET_SIZE(items)
    cdef PyObject* last
    if size > _SHORT:
        return PyList_SetSlice(items, 0, size, <object>NULL)
    while size > 0:
        size -= 1
        last = PyList_GET_ITEM(items, size)
        Py_SET_SIZE(items, size)
        Py_DECREF(<object>last)
        size = PyList_GET_SIZE(items)
    return 0

