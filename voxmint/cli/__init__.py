"""The face: a file for each command, what is shown, and how a run ends."""
