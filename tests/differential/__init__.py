"""The same requests to geostream and to a real server; the replies must be equal.

Every test here takes ``both``, which runs it against Redis 8.2.3 and Valkey 9.1.2,
each over RESP2 and RESP3. ``lacks`` leaves a server out that does not know what
the test is about.
"""
