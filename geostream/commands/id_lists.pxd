# What id_lists.py speaks of, in C.

from geostream.store.octets cimport id_halves


cdef inline list plain_ids(list texts):
    cdef list ids = []
    cdef tuple usual
    for text in texts:
        usual = id_halves(text)
        if usual is None:
            return None
        ids.append(usual)
    return ids
