"""The management API as messages: its proto file, and what protoc made of it."""
