"""Types of flags, for argparse."""
import argparse
from collections.abc import Callable


def at_least(least: int) -> Callable[[str], int]:
    """The type of a flag that is an integer from `least` on."""
    def parse(text):
        if int(text) < least:
            raise argparse.ArgumentTypeError(f'{text} is below {least}')
        return int(text)
    parse.__name__ = 'int'  # which argparse names
    return parse


def probability(text: str) -> float:
    """The type of a flag that is a score of a detector."""
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not between 0 and 1')
    return value
