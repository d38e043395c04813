"""The Kubernetes API, and nothing else."""
