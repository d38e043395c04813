"""What others call: the webhooks that a Kubernetes API server asks, and the API by which objects are managed."""
