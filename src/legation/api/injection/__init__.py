"""Sidecars: what a Pod is given so that it has an Envoy of its own which is served here. Pure: a Pod in, a Pod out."""
