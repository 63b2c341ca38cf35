"""What chainer.testing asked pkg_resources for."""
from importlib import metadata


def satisfied(*requirements):
    """Whether distributions are installed, in the versions asked for.

    Args:
        requirements (str): Such as ``'numpy>=1.10'``.

    Returns:
        bool: True if all of them are.

    """
    # It comes with matplotlib and pytest; Chainer's tests alone need it.
    from packaging.requirements import Requirement
    try:
        return all(r.specifier.contains(metadata.version(r.name), True)
                   for r in map(Requirement, requirements))
    except metadata.PackageNotFoundError:
        return False
