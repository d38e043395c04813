"""Objects that an API puts into a Kubernetes cluster: the twin of `stored`, whose source is `kubernetes`."""
