# What id_lists.py speaks of, in C.

from cpython.array cimport array, clone

from geostream.store.octets cimport octet, u64


cdef inline array plain_ids(list words, Py_ssize_t first, array like):
    cdef Py_ssize_t count = len(words) - first
    cdef Py_ssize_t number
    cdef Py_ssize_t at
    cdef Py_ssize_t begin
    cdef Py_ssize_t size
    cdef bytes text
    cdef const octet* data
    cdef u64 value
    cdef array ids = clone(like, 2 * count, False)
    for number in range(count):
        text = <bytes?>words[first + number]
        data = text
        size = len(text)
        if not 3 <= size <= 39:
            return None
        value = at = 0
        while 48 <= data[at] <= 57:
            value = value * 10 + (data[at] - 48)
            at += 1
        if not 0 < at < 20 or data[at] != 45:
            return None
        ids.data.as_ulonglongs[2 * number] = value
        value = 0
        begin = at = at + 1
        while 48 <= data[at] <= 57:
            value = value * 10 + (data[at] - 48)
            at += 1
        if at != size or not 0 < at - begin < 20:
            return None
        ids.data.as_ulonglongs[2 * number + 1] = value
    return ids
