"""What voxmint remembers of what it minted, and where it wrote it; see `ledger`."""
