"""What a run came to, on one page that needs nothing else."""

from .page import write_report

__all__ = ["write_report"]
