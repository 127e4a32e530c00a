"""Freed memory that stays with the process: to give it back and ask for it again costs more than to read a window."""

from __future__ import annotations

import ctypes

# glibc's numbers for: give back what is free at the end of the heap, and ask the kernel for large pieces one by one.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
# Older ones take no more than this for the latter.
LEAST_CEILING = 32 * 2**20


def keep_freed_memory(most_bytes: int) -> bool:
    """Have this process keep what it frees, up to a limit; False where the C library has no word for it."""
    try:
        tell = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    kept = tell(TRIM_THRESHOLD, most_bytes)
    return bool(kept and (tell(MMAP_THRESHOLD, most_bytes) or tell(MMAP_THRESHOLD, LEAST_CEILING)))
