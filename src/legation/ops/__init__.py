"""Metrics, health and admin pages. They are given what they show and know nothing of who made it."""
