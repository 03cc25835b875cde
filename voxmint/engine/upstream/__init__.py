"""The way to the service: which host, whose key, and what is sent over the wire."""
