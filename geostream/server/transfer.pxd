# The steps of transfer.py in C. Declarations stand in the same order, and do the same.

from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING
from libc.errno cimport EAGAIN, EINTR, errno


cdef extern from "<sys/socket.h>":
    ssize_t recv(int fd, void* buffer, size_t size, int flags)
    ssize_t send(int fd, const void* data, size_t size, int flags)


cdef inline bint _would_block() noexcept:
    return errno == EAGAIN or errno == EINTR


cdef inline Py_ssize_t receive(int fd, bytearray buffer) noexcept:
    cdef Py_ssize_t size = recv(fd, PyByteArray_AS_STRING(buffer), len(buffer), 0)
    if size < 0:
        return -1 if _would_block() else 0
    return size


cdef inline Py_ssize_t send_piece(int fd, bytes piece) noexcept:
    cdef Py_ssize_t size = send(fd, PyBytes_AS_STRING(piece), len(piece), 0)
    if size < 0:
        return 0 if _would_block() else -1
    return size
