"""What a connection shows and whom it trusts: certificates, their keys, and how they change without a restart."""
