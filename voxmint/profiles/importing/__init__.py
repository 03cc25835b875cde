"""From a request body, or the curl command that sends one, back to a profile."""
