"""P(fake) as people read it: with its threshold in as many digits as tell the two apart, and never quite certain."""

from __future__ import annotations

LEAST_DIGITS, MOST_DIGITS = 3, 17


def digits_apart(p_fake: float, threshold: float) -> int:
    """How many decimals it takes to see which of the two is larger, and what a tiny threshold is."""
    for digits in range(LEAST_DIGITS, MOST_DIGITS + 1):
        cut = in_digits(threshold, digits)
        at_an_end = 0 < threshold < 1 and float(cut) in (0, 1)
        if not at_an_end and (p_fake == threshold or shown(p_fake, digits) != cut):
            return digits
    return MOST_DIGITS


def shown(p_fake: float, digits: int = LEAST_DIGITS) -> str:
    """No network is certain: what would round to 1 or 0 is ">0.999" or "<0.001"."""
    told, step = in_digits(p_fake, digits), 10**-digits
    if float(told) == 0:
        return f"<{in_digits(step, digits)}"
    return f">{in_digits(1 - step, digits)}" if float(told) == 1 else told


def beside(p_fake: float, threshold: float) -> tuple[str, str]:
    """Both, in as many digits as it takes."""
    digits = digits_apart(p_fake, threshold)
    return shown(p_fake, digits), in_digits(threshold, digits)


def in_digits(value: float, digits: int) -> str:
    """A threshold may well be 0, or 1 and above."""
    return f"{value:.{digits}f}"
