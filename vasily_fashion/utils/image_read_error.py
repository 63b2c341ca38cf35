class ImageReadError(OSError):

    """A file that cannot be read as an image.

    The message names the file, says what is wrong with it and what to do.

    """
