"""A certificate of our own in a cluster: kept in a Secret, shown by all replicas, and trusted by those who are to."""
