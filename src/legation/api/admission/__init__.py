"""What the API server asks before it stores an object: one HTTPS port, its certificate, and what is answered there."""
