# The steps of lock.py in C. Declarations stand in the same order, and do the same.

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer

cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    PyThreadState* PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState* state)


cdef inline const unsigned char* start_of(object data) except NULL:
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    cdef const unsigned char* start = <const unsigned char*>view.buf
    PyBuffer_Release(&view)
    return start


cdef inline size_t give_away():
    return <size_t>PyEval_SaveThread()


cdef inline void take(size_t given):
    PyEval_RestoreThread(<PyThreadState*>given)
