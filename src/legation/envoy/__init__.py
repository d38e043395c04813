"""Envoy's own schema: Envoy JSON to bytes and back, what a resource names, and a bootstrap. Protobuf lives here."""
