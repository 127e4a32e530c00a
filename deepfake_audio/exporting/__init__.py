"""A detector as one file that needs none of this library to run. `runtime` asks it without torch."""
