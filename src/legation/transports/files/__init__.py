"""Delivery as files that Envoy watches: which, in which order, and how they come to stand there."""
