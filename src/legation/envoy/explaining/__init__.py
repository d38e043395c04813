"""What Envoy's protos say of a type or a field, in words: for people who ask, not for what is served."""
