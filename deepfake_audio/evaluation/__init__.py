"""Figures of merit, thresholds, intervals, groups and calibration: on arrays and tables, never on a run's folder."""
