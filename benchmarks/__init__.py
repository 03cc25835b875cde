"""Measures speed and memory as ratios to a floor measured in the same run.

`python -m benchmarks` runs all of it; absolute times mean little on a busy machine, ratios of
interleaved repeats do.
"""
