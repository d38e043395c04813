"""Tokens of a cluster's service accounts: whose they are, and who says so.

`review` asks the API server, `offline` looks at the signature alone; `checker` remembers what either found. No module
here logs, shows or keeps a token.
"""
