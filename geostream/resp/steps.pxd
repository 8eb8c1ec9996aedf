# The steps of steps.py in C, which do the same.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.list cimport PyList_GET_ITEM, PyList_SET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.string cimport memcmp, memcpy


cdef inline bytes bulk(bytes text):
    cdef Py_ssize_t size = len(text)
    cdef Py_ssize_t digits = 1 if size < 10 else 2 if size < 100 else 3 if size < 1000 else 4
    cdef Py_ssize_t place = digits
    cdef Py_ssize_t rest = size
    cdef bytes made = PyBytes_FromStringAndSize(NULL, size + digits + 5)
    cdef char* out = PyBytes_AS_STRING(made)
    out[0] = 36
    while place > 0:
        out[place] = <char>(48 + rest % 10)
        rest //= 10
        place -= 1
    out[digits + 1] = 13
    out[digits + 2] = 10
    memcpy(out + digits + 3, PyBytes_AS_STRING(text), size)
    out[digits + size + 3] = 13
    out[digits + size + 4] = 10
    return made


cdef inline bytes simple(bytes text):
    cdef Py_ssize_t size = len(text)
    cdef bytes made = PyBytes_FromStringAndSize(NULL, size + 3)
    cdef char* out = PyBytes_AS_STRING(made)
    out[0] = 43
    memcpy(out + 1, PyBytes_AS_STRING(text), size)
    out[size + 1] = 13
    out[size + 2] = 10
    return made


cdef inline bint is_at(bytes data, Py_ssize_t at, bytes word) noexcept:
    return memcmp(PyBytes_AS_STRING(data) + at, PyBytes_AS_STRING(word), len(word)) == 0


cdef inline void set_word(list words, Py_ssize_t place, bytes word) noexcept:
    cdef PyObject* before = <PyObject*>PyList_GET_ITEM(words, place)
    Py_INCREF(word)
    PyList_SET_ITEM(words, place, word)
    Py_DECREF(<object>before)
