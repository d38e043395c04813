"""The rules that Envoy's protos carry (`validate.rules`), compiled once per message type, as in its own code."""
