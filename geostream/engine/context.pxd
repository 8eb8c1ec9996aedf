from geostream.engine.client cimport Client
from geostream.store.keyspace cimport Database, Keyspace


cdef class Context:
    cdef public object engine
    cdef public Keyspace keyspace
    cdef public object commit
    cdef public Database db
    cdef public Client client
    cdef public long long now_ms
    cdef public bint in_transaction
