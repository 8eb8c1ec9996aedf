# Not Args: ECHO's parser is its method, which C would hand on with a wrong signature.
from geostream.engine.client cimport Client
from geostream.engine.context cimport Context
