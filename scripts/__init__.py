"""Small runnables around the library."""
