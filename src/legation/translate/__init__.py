"""Objects to Envoy JSON. Pure; one file for each kind of object."""
