# The steps of columns.py in C. Declarations stand in the same order, and do the same.

from cpython cimport array
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.string cimport memcpy

from geostream.store cimport halves
from geostream.store.halves cimport half  # named for Cython, which follows no whole module

ctypedef unsigned int u32
ctypedef unsigned long long u64


cdef inline bint is_below(tuple one, tuple other) except -1:
    cdef u64 half = one[0]
    cdef u64 other_half = other[0]
    if half == other_half:
        half = one[1]
        other_half = other[1]
    return half < other_half


cdef inline Py_ssize_t number_of(list first_ids, tuple entry_id) except? -1:
    cdef Py_ssize_t low = 0
    cdef Py_ssize_t high = len(first_ids)
    cdef Py_ssize_t middle
    while low < high:
        middle = (low + high) >> 1
        if is_below(entry_id, <tuple?>first_ids[middle]):
            high = middle
        else:
            low = middle + 1
    return low - 1


cdef inline u32 u32_at(array.array column, Py_ssize_t place) noexcept:
    return column.data.as_uints[place]


cdef inline u64 u64_at(array.array column, Py_ssize_t place) noexcept:
    return column.data.as_ulonglongs[place]


cdef inline bint is_at(
    array.array ms, array.array seq, Py_ssize_t place, tuple entry_id
) except -1:
    cdef u64 asked_ms = entry_id[0]
    cdef u64 asked_seq = entry_id[1]
    return ms.data.as_ulonglongs[place] == asked_ms and seq.data.as_ulonglongs[place] == asked_seq


cdef inline Py_ssize_t place_of(array.array ms, array.array seq, tuple entry_id) except -1:
    return halves.first_place(ms, seq, entry_id[0], entry_id[1])


cdef inline const char* _start_of(object octets) except NULL:
    if type(octets) is bytes:
        return PyBytes_AS_STRING(octets)
    return PyByteArray_AS_STRING(<bytearray?>octets)


cdef inline bytes cut(bytes head, object wire, Py_ssize_t start, Py_ssize_t stop):
    cdef const char* source = _start_of(wire)
    cdef Py_ssize_t at = len(head)
    cdef bytes made = PyBytes_FromStringAndSize(NULL, at + stop - start)
    cdef char* out = PyBytes_AS_STRING(made)
    memcpy(out, PyBytes_AS_STRING(head), at)
    memcpy(out + at, source + start, stop - start)
    return made


cdef inline bytes cut_reversed(
    bytes head, object wire, array.array starts, array.array ends, Py_ssize_t first,
    Py_ssize_t behind
):
    cdef const char* source = _start_of(wire)
    cdef u32* froms = starts.data.as_uints
    cdef u32* tos = ends.data.as_uints
    cdef Py_ssize_t at = len(head)
    cdef Py_ssize_t size = at
    cdef Py_ssize_t place
    for place in range(first, behind):
        size += tos[place] - froms[place]
    cdef bytes made = PyBytes_FromStringAndSize(NULL, size)
    cdef char* out = PyBytes_AS_STRING(made)
    memcpy(out, PyBytes_AS_STRING(head), at)
    place = behind
    while place > first:
        place -= 1
        size = tos[place] - froms[place]
        memcpy(out + at, source + froms[place], size)
        at += size
    return made


cdef inline list ids_between(
    array.array ms, array.array seq, Py_ssize_t first, Py_ssize_t behind
):
    cdef u64* times = ms.data.as_ulonglongs
    cdef u64* sequences = seq.data.as_ulonglongs
    cdef list ids = []
    cdef Py_ssize_t place
    for place in range(first, behind):
        ids.append((times[place], sequences[place]))
    return ids


cdef inline bint take_in(
    array.array ms, array.array seq, array.array starts, array.array ends, bytearray wire,
    list ids, list entries
) except -1:
    cdef Py_ssize_t before = len(ms)
    cdef Py_ssize_t count = len(ids)
    cdef Py_ssize_t at = len(wire)
    cdef Py_ssize_t size = at
    cdef Py_ssize_t number
    cdef tuple entry_id
    cdef bytes entry
    for number in range(count):
        entry = entries[number]
        size += len(entry)
    array.resize_smart(ms, before + count)
    array.resize_smart(seq, before + count)
    array.resize_smart(starts, before + count)
    array.resize_smart(ends, before + count)
    PyByteArray_Resize(wire, size)
    cdef char* out = PyByteArray_AS_STRING(wire)
    for number in range(count):
        entry_id = ids[number]
        ms.data.as_ulonglongs[before + number] = entry_id[0]
        seq.data.as_ulonglongs[before + number] = entry_id[1]
        entry = entries[number]
        size = len(entry)
        memcpy(out + at, PyBytes_AS_STRING(entry), size)
        starts.data.as_uints[before + number] = at
        at += size
        ends.data.as_uints[before + number] = at
    return True


cdef inline bint put_in(
    array.array ms, array.array seq, array.array starts, array.array ends, bytearray wire,
    tuple entry_id, bytes entry
) except -1:
    cdef Py_ssize_t count = len(ms)
    cdef Py_ssize_t at = len(wire)
    cdef Py_ssize_t size = len(entry)
    cdef u64 entry_ms = entry_id[0]
    cdef u64 entry_seq = entry_id[1]
    PyByteArray_Resize(wire, at + size)
    array.resize_smart(ms, count + 1)
    array.resize_smart(seq, count + 1)
    array.resize_smart(starts, count + 1)
    array.resize_smart(ends, count + 1)
    memcpy(PyByteArray_AS_STRING(wire) + at, PyBytes_AS_STRING(entry), size)
    ms.data.as_ulonglongs[count] = entry_ms
    seq.data.as_ulonglongs[count] = entry_seq
    starts.data.as_uints[count] = at
    ends.data.as_uints[count] = at + size
    return True


cdef inline bint move(array.array column, u32 steps) except -1:
    cdef Py_ssize_t place
    for place in range(len(column)):
        column.data.as_uints[place] -= steps
    return True
