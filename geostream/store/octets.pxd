# The steps of octets.py in C. Declarations stand in the same order, and do the same.

from cpython.bytearray cimport PyByteArray_FromStringAndSize
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memchr, memcmp, memcpy

cdef extern from *:
    """
    #ifndef GEOSTREAM_PAIRS
    #define GEOSTREAM_PAIRS
    static const char geostream_pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    #endif
    """
    const char* _PAIRS "geostream_pairs"  # two digits of each number below 100

ctypedef unsigned char octet
ctypedef unsigned int u32
ctypedef unsigned long long u64
ctypedef long long i64


cdef inline Py_ssize_t put(
    octet* out, Py_ssize_t at, const octet* data, Py_ssize_t start, Py_ssize_t size
) noexcept nogil:
    memcpy(out + at, data + start, size)
    return at + size


cdef inline void put_32(
    octet* out, Py_ssize_t at, const octet* data, Py_ssize_t start
) noexcept nogil:
    memcpy(out + at, data + start, 32)


cdef inline bint is_same(
    const octet* data, Py_ssize_t at, const octet* other, Py_ssize_t start, Py_ssize_t size
) noexcept nogil:
    return memcmp(data + at, other + start, size) == 0


cdef inline bytes part(const octet* data, Py_ssize_t at, Py_ssize_t end):
    return PyBytes_FromStringAndSize(<const char*>data + at, end - at)


cdef inline bytearray array_of(bytes data):
    return PyByteArray_FromStringAndSize(<char*><const char*>data, len(data))


cdef inline Py_ssize_t place_of(
    const octet* data, Py_ssize_t at, Py_ssize_t end, int one
) noexcept nogil:
    cdef const octet* found = <const octet*>memchr(data + at, one, end - at) if at < end else NULL
    return found - data if found != NULL else end


cdef inline Py_ssize_t same_size(
    const octet* data, Py_ssize_t at, Py_ssize_t other, Py_ssize_t most
) noexcept nogil:
    cdef Py_ssize_t same = 0
    while same < most and data[at + same] == data[other + same]:
        same += 1
    return same


cdef inline Py_ssize_t put_json(
    octet* out, Py_ssize_t at, const octet* data, Py_ssize_t start, Py_ssize_t size
) noexcept nogil:
    cdef Py_ssize_t place
    cdef octet one
    for place in range(start, start + size):
        one = data[place]
        if one < 32:
            if one == 10:
                one = 110
            elif one == 13:
                one = 114
            elif one == 9:
                one = 116
            else:
                return -1
            out[at] = 92
            at += 1
        elif one == 34 or one == 92:
            out[at] = 92
            at += 1
        out[at] = one
        at += 1
    return at


cdef inline str text(const octet* data, Py_ssize_t at, Py_ssize_t end):
    return PyUnicode_DecodeUTF8(<const char*>data + at, end - at, NULL)


cdef inline Py_ssize_t decimal_size(u64 value) noexcept nogil:
    cdef Py_ssize_t size = 1
    while value >= 10000:
        value //= 10000
        size += 4
    if value >= 1000:
        return size + 3
    if value >= 100:
        return size + 2
    if value >= 10:
        return size + 1
    return size


cdef inline Py_ssize_t put_decimal(octet* out, Py_ssize_t at, u64 value) noexcept nogil:
    cdef Py_ssize_t end = at + decimal_size(value)
    cdef Py_ssize_t place = end
    cdef u64 rest
    while value >= 100:
        rest = value % 100
        value //= 100
        place -= 2
        memcpy(out + place, _PAIRS + 2 * rest, 2)
    if value >= 10:
        out[place - 2] = <octet>(48 + value // 10)
    out[place - 1] = <octet>(48 + value % 10)
    return end


cdef inline Py_ssize_t put_head(
    octet* out, Py_ssize_t at, int mark, Py_ssize_t number
) noexcept nogil:
    out[at] = mark
    if number < 10:
        out[at + 1] = <octet>(48 + number)
        at += 2
    elif number < 100:
        out[at + 1] = <octet>(48 + number // 10)
        out[at + 2] = <octet>(48 + number % 10)
        at += 3
    else:
        at = put_decimal(out, at + 1, number)
    out[at] = 13
    out[at + 1] = 10
    return at + 2


cdef inline Py_ssize_t put_line(octet* out, Py_ssize_t at, bytes text) noexcept:
    cdef Py_ssize_t size = len(text)
    memcpy(out + at, <const octet*>text, size)
    at += size
    out[at] = 13
    out[at + 1] = 10
    return at + 2


cdef inline Py_ssize_t digits_end(const octet* data, Py_ssize_t at, Py_ssize_t end) noexcept nogil:
    while at < end and 48 <= data[at] <= 57:
        at += 1
    return at


cdef inline u64 decimal(const octet* data, Py_ssize_t at, Py_ssize_t end) noexcept nogil:
    cdef u64 value = 0
    while at < end:
        value = value * 10 + (data[at] - 48)
        at += 1
    return value


cdef inline Py_ssize_t id_dash(bytes text) except -2:
    cdef const octet* data = text
    cdef Py_ssize_t size = len(text)
    cdef Py_ssize_t dash = digits_end(data, 0, size)
    if not 0 < dash < 20 or dash == size or data[dash] != 45:
        return -1
    if not 0 < size - dash - 1 < 20 or digits_end(data, dash + 1, size) != size:
        return -1
    return dash


cdef inline tuple id_halves(bytes text):
    cdef Py_ssize_t dash = id_dash(text)
    cdef const octet* data
    if dash < 0:
        return None
    data = text
    return (decimal(data, 0, dash), decimal(data, dash + 1, len(text)))


cdef inline bytes id_text(u64 ms, u64 seq):
    cdef octet text[48]
    cdef Py_ssize_t at = put_decimal(text, 0, ms)
    text[at] = 45
    return part(text, 0, put_decimal(text, at + 1, seq))


cdef inline i64 small_number(bytes text) except? -1:
    cdef const octet* data = text
    cdef Py_ssize_t size = len(text)
    if not 0 < size < 19 or (data[0] == 48 and size > 1) or digits_end(data, 0, size) != size:
        return -1
    return <i64>decimal(data, 0, size)


cdef inline i64 little(const octet* data, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
    cdef u64 value = 0
    cdef Py_ssize_t place
    for place in range(size):
        value |= <u64>data[at + place] << (8 * place)
    if size < 8 and value >> (8 * size - 1):
        value -= <u64>1 << (8 * size)
    return <i64>value


cdef inline u64 big(const octet* data, Py_ssize_t at) noexcept nogil:
    cdef u64 value = 0
    cdef Py_ssize_t place
    for place in range(8):
        value = value << 8 | data[at + place]
    return value


cdef inline Py_ssize_t put_little(
    octet* out, Py_ssize_t at, i64 value, Py_ssize_t size
) noexcept nogil:
    cdef Py_ssize_t place
    for place in range(size):
        out[at + place] = <octet>((<u64>value >> (8 * place)) & 255)
    return at + size


cdef inline void put_u64(octet* out, Py_ssize_t place, u64 value) noexcept nogil:
    memcpy(out + 8 * place, &value, 8)


cdef inline u32 u32_at(const octet* data, Py_ssize_t place) noexcept nogil:
    cdef u32 value
    memcpy(&value, data + 4 * place, 4)
    return value


cdef inline void put_u32(octet* out, Py_ssize_t place, u32 value) noexcept nogil:
    memcpy(out + 4 * place, &value, 4)


cdef inline i64 difference(u64 one, u64 other) noexcept nogil:
    return <i64>(one - other)
