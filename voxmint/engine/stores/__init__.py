"""Sinks that write to secrets managers: what they share, and a file for each store."""
