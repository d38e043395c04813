"""The management API: objects at run time, over gRPC and HTTP/JSON, kept in a store of our own or in the cluster."""
