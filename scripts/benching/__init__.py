"""What `scripts/bench.py` measures, one measure a file."""
