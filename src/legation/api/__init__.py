"""What others call: the admission webhook that the API server of Kubernetes asks before it stores an object.

`review` and `saying` know its words, `deciding` what is let pass, `webhook` answers within a time. `certificates` and
`rotation` make what it shows the API server, `shown` has the server show it, and `keeping` or `folder` keeps it new.
"""
