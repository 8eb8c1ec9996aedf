# What id_lists.py speaks of, in C.

from geostream.store.octets cimport decimal, digits_end, octet, u64


cdef inline list plain_ids(list texts):
    cdef list ids = []
    cdef bytes text
    cdef const octet* data
    cdef Py_ssize_t size
    cdef Py_ssize_t dash
    for text in texts:
        data = text
        size = len(text)
        dash = digits_end(data, 0, size)
        if not 0 < dash < 20 or not 0 < size - dash - 1 < 20 or data[dash] != 45:
            return None
        if digits_end(data, dash + 1, size) != size:
            return None
        ids.append((decimal(data, 0, dash), decimal(data, dash + 1, size)))
    return ids
