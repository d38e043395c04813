"""Certificates that we make ourselves, for those who have no other authority."""
