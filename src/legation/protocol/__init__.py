"""xDS streams without I/O, clock, logging or protobuf: values that are told what came in and asked what goes out."""
