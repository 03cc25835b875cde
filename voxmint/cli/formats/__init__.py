"""The forms of output that programs read: a file each."""
