# The steps of lock.py in C. Declarations stand in the same order, and do the same.

from cpython cimport array
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.ref cimport PyObject
from libc.string cimport memcpy

cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    PyThreadState* PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState* state)
    char* text_of "PyBytes_AS_STRING" (PyObject* text) nogil
    PyObject* item_of "PyList_GET_ITEM" (PyObject* items, Py_ssize_t place) nogil


cdef inline const unsigned char* start_of(object data) except NULL:
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    cdef const unsigned char* start = <const unsigned char*>view.buf
    PyBuffer_Release(&view)
    return start


cdef inline bint is_free() noexcept nogil:
    return True


cdef inline size_t give_away():
    return <size_t>PyEval_SaveThread()


cdef inline void take(size_t given):
    PyEval_RestoreThread(<PyThreadState*>given)


cdef inline list parts(const unsigned char* data, array.array starts, array.array ends):
    cdef list found = []
    cdef PyObject* items = <PyObject*>found
    cdef const unsigned long long* low = starts.data.as_ulonglongs
    cdef const unsigned long long* high = ends.data.as_ulonglongs
    cdef Py_ssize_t count = len(starts)
    cdef Py_ssize_t place
    for place in range(count):
        found.append(PyBytes_FromStringAndSize(NULL, high[place] - low[place]))
    cdef PyThreadState* state = PyEval_SaveThread()
    for place in range(count):
        memcpy(text_of(item_of(items, place)), data + low[place], high[place] - low[place])
    PyEval_RestoreThread(state)
    return found
