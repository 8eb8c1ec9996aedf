cdef class Client:
    cdef public object id
    cdef public object link
    cdef public str address
    cdef public str local_address
    cdef public long long connected_ms
    cdef public long long last_active_ms
    cdef public long long commands
    cdef public str last_command
    cdef public bytes lib_name
    cdef public bytes lib_version
    cdef public bint is_authenticated
    cdef public object ticket
    cdef public bint is_closing
    cdef public bint is_monitor
    cdef public bint is_guarded
    cdef public set watched
    cdef public dict channels
    cdef public dict patterns
    cdef public dict shard_channels
    cdef public bytes name
    cdef public int database
    cdef public int protocol
    cdef public object transaction
    cdef public bint is_dirty
    cdef public bint no_evict
    cdef public bint no_touch
    cdef public bint replies_off
    cdef public int skip_replies
