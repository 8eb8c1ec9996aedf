# The step of steps.py in C.

from cpython.array cimport array


cdef inline void count_up(array column, Py_ssize_t place) noexcept:
    column.data.as_ulonglongs[place] += 1
