"""How good a detector is, and how sure one can be: pure functions on arrays, and `judge` for a run's folder."""
