# The steps of halves.py in C. Declarations stand in the same order, and do the same.

from cpython.array cimport array, clone, resize_smart

ctypedef unsigned long long u64


cdef inline u64 half(array values, Py_ssize_t place) noexcept:
    return values.data.as_ulonglongs[place]


cdef inline bint is_at(
    array halves, array sequences, Py_ssize_t place, array ids, Py_ssize_t number
) noexcept:
    cdef u64* asked = ids.data.as_ulonglongs + 2 * number
    return (
        sequences.data.as_ulonglongs[place] == asked[1]
        and halves.data.as_ulonglongs[place] == asked[0]
    )


cdef inline Py_ssize_t first_place(array halves, array sequences, u64 ms, u64 seq) noexcept:
    cdef Py_ssize_t low = 0
    cdef Py_ssize_t high = len(halves)
    cdef Py_ssize_t middle
    cdef u64 found
    while low < high:
        middle = (low + high) // 2
        found = halves.data.as_ulonglongs[middle]
        if found < ms or (found == ms and sequences.data.as_ulonglongs[middle] < seq):
            low = middle + 1
        else:
            high = middle
    return low


cdef inline array interleaved(list ids, array like):
    cdef Py_ssize_t count = len(ids)
    cdef Py_ssize_t place
    cdef tuple entry_id
    cdef array made = clone(like, 2 * count, False)
    for place in range(count):
        entry_id = <tuple>ids[place]
        made.data.as_ulonglongs[2 * place] = entry_id[0]
        made.data.as_ulonglongs[2 * place + 1] = entry_id[1]
    return made


cdef inline array woven(
    array halves, array sequences, Py_ssize_t start, Py_ssize_t stop, array like
):
    cdef Py_ssize_t place
    cdef array made = clone(like, 2 * (stop - start), False)
    for place in range(stop - start):
        made.data.as_ulonglongs[2 * place] = halves.data.as_ulonglongs[start + place]
        made.data.as_ulonglongs[2 * place + 1] = sequences.data.as_ulonglongs[start + place]
    return made


cdef inline int spread(
    array halves, array sequences, array ids, Py_ssize_t start, Py_ssize_t stop
) except -1:
    cdef Py_ssize_t at = len(halves)
    cdef Py_ssize_t place
    resize_smart(halves, at + stop - start)
    resize_smart(sequences, at + stop - start)
    for place in range(start, stop):
        halves.data.as_ulonglongs[at] = ids.data.as_ulonglongs[2 * place]
        sequences.data.as_ulonglongs[at] = ids.data.as_ulonglongs[2 * place + 1]
        at += 1
    return 0
