"""Version 1 of the management API. `management_pb2` is made of the proto file beside it: `make proto`."""
