from geostream.engine.shortcut cimport Shortcut


cdef class Command:
    cdef public str name
    cdef public str group
    cdef public str syntax
    cdef public int arity
    cdef public object flags
    cdef public str since
    cdef public str summary
    cdef public str complexity
    cdef public object parse
    cdef public object run
    cdef public tuple keys
    cdef public tuple tips
    cdef public tuple history
    cdef public tuple categories
    cdef public Shortcut shortcut
    cdef public dict subcommands
    cdef public bint is_readonly
    cdef public bint is_write
    cdef public bint denies_oom
    cdef public bint counts_lookups
    cdef public int limits
    cdef public int first_argument
