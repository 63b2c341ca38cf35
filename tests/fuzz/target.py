"""What a target is, and how it is run."""
import dataclasses
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        read (callable): Takes bytes and a folder, which has nothing in it or
            what a run before left there.
        seeds (callable): Gives a list of bytes that are read.
        errors (tuple): What other bytes may raise.
        names_file (bool): Whether errors name a file in the folder.
        needs (tuple of str): Modules, of those that need not be installed.
    """

    read: Callable
    seeds: Callable
    errors: tuple = (OSError, ValueError)
    names_file: bool = True
    needs: tuple = ()


def run(target, data, folder):
    """Read bytes; raise what is not an expected error.

    Returns:
        bool: Whether they were read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            target.read(data, Path(folder))
        except target.errors as error:
            assert str(error), 'an error has to say something'
            assert str(folder) in str(error) or not target.names_file, (
                f'no file is named: {error}')
            return False
    return True


def write(data, folder, name):
    path = folder / name
    path.write_bytes(data)
    return path


def saved(save, name='x.npz'):
    """The bytes of a file that a function writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        save(path)
        return path.read_bytes()
