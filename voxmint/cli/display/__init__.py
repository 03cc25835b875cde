"""How things look on a screen: colour, width, source lines under a caret, tables."""
