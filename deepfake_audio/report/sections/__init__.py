"""What stands on the pages, one topic a file; each gives HTML from plain values."""
