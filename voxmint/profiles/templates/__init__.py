"""Templates in values: what they may be made of, how they are rendered, and how they fail."""
