from geostream.engine.context cimport Context


cdef class Shortcut:
    cdef object take(self, Context ctx, list words)
