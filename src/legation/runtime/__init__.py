"""The shell around the pure rooms: it waits, calls them in order, and keeps what must outlive a call.

The pure parts, in the order in which a change passes them: `debounce` (when), `read` (one object to resources),
`last_good` (what is served of each object), `assemble` (which workload gets what), `check` (what does not fit
together). `state_folder`, `object_records` and `accepted` are their memory across restarts.
"""
