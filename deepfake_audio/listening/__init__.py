"""A recording as it passes by: read in blocks, cut into windows, measured, and held against what training heard."""
