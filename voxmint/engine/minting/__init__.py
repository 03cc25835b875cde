"""The parts of a run: who waits, who sends, who delivers. `voxmint.engine.mint` is all of it."""
