# What id_lists.py speaks of, in C.

from cpython.array cimport array, clone

from geostream.store.octets cimport decimal, id_dash, octet


cdef inline array plain_ids(list words, Py_ssize_t first, array like):
    cdef Py_ssize_t count = len(words) - first
    cdef Py_ssize_t place
    cdef Py_ssize_t dash
    cdef bytes text
    cdef const octet* data
    cdef array ids = clone(like, 2 * count, False)
    for place in range(count):
        text = <bytes?>words[first + place]
        dash = id_dash(text)
        if dash < 0:
            return None
        data = text
        ids.data.as_ulonglongs[2 * place] = decimal(data, 0, dash)
        ids.data.as_ulonglongs[2 * place + 1] = decimal(data, dash + 1, len(text))
    return ids
