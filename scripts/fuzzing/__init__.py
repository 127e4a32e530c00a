"""Damaged media files, and what reading, extraction and prediction make of them."""
