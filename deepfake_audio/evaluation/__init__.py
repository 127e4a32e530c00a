"""Figures of merit on arrays, thresholds and intervals; and the judgement of a run that rests on them."""
