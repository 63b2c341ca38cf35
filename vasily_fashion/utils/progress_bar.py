import sys
from typing import Any

from tqdm import tqdm


class _Lines:
    """Standard error that prints each state of a bar on its own line."""

    def write(self, text):
        if text.strip():
            sys.stderr.write(text.strip() + '\n')

    def flush(self):
        sys.stderr.flush()


def progress_bar(total: int, desc: str, unit: str) -> Any:
    """A bar on a terminal; a line every ten seconds where output is piped.

    Args:
        total (int): How many there are.
        desc (str): What is done.
        unit (str): To what.

    Returns:
        tqdm.tqdm: The bar.
    """
    if sys.stderr.isatty():
        return tqdm(total=total, desc=desc, unit=unit)
    return tqdm(total=total, desc=desc, unit=unit, file=_Lines(), ascii=True,
                mininterval=10, miniters=1)
