"""legation: a control plane for Envoy, as a server and as a library."""
