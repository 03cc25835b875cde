"""What is measured inside of a process of its own; each tells one line of JSON."""
