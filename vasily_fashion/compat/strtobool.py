"""What ChainerCV asked distutils for, which Python 3.12 removed."""

_TRUE = ('y', 'yes', 't', 'true', 'on', '1')
_FALSE = ('n', 'no', 'f', 'false', 'off', '0')


def strtobool(text):
    """The truth value of a word, as distutils.util had it.

    Args:
        text (str): A word such as 'on' or 'off', in any case.

    Returns:
        int: 1 or 0.

    Raises:
        ValueError: If the word is none of those known.

    """
    word = text.lower()
    if word not in _TRUE + _FALSE:
        raise ValueError('invalid truth value {!r}: write one of {}'.format(
            text, ', '.join(_TRUE + _FALSE)))
    return int(word in _TRUE)
