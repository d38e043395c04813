"""A Kubernetes cluster as a source: what is watched of it, and what is kept of each kind."""
