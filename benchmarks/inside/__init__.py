"""What is measured inside of a process of its own; each prints one line of JSON."""
