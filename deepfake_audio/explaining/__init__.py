"""Why a detector says what it says of a recording, as far as its own arithmetic tells."""

from .attribution import METHODS, usual_method
from .explanation import Explanation
from .recording import explain

__all__ = ["METHODS", "Explanation", "explain", "usual_method"]
