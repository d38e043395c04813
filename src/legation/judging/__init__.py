"""A real Envoy as judge: it is asked about resources before those who are served get them.

The only room that starts another program. What it knows is what Envoy says; what follows from that is decided in
`runtime`.
"""
