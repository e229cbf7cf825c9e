"""Charts drawn on the server: columns of a drawing whose units these are."""

WIDTH, HEIGHT = 10, 100  # of a column with its gap, and of the highest one


def scaled(number: float, highest: float) -> int:
    """Return the height of a number; what is not 0 can be seen."""
    return max(int(HEIGHT * number / highest), 1) if number else 0
