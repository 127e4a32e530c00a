"""What a run came to, and what an audit found, each on one page that needs nothing else."""

from .audit_page import write_audit_page
from .page import write_report

__all__ = ["write_audit_page", "write_report"]
