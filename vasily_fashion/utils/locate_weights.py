import hashlib
import json
import os
from pathlib import Path

from vasily_fashion.utils.download_weights import download_weights

from chainer.dataset import download

# Where the weights and the table of them are: in a wheel, and in the checkout.
_FOLDERS = (
    Path(__file__).parents[1] / 'weights', Path(__file__).parents[2] / 'weights')
#: The folder this variable names is looked into first.
_VARIABLE = 'VASILY_FASHION_WEIGHTS'
#: This variable holds the URL that this library's weights are downloaded from.
#: There is no official server: without the variable nothing is downloaded.
_URL_VARIABLE = 'VASILY_FASHION_WEIGHTS_URL'


def locate_weights(
        pretrained_model: str | os.PathLike[str], link_name: str,
        url: str | None = None) -> str:
    """Find a weights file.

    'fashion' is what the table weights/weights.json names. It is looked for
    in the folder that the environment variable `VASILY_FASHION_WEIGHTS`
    names, beside the table (in the installed package, or in weights/ of the
    checkout), and in the cache folder
    ($CHAINER_DATASET_ROOT/vasily_fashion/weights). If it is in none, it is
    downloaded once into the cache folder from the base URL that
    `VASILY_FASHION_WEIGHTS_URL` holds. Its sha256 is checked either way.

    Args:
        pretrained_model (str or path): 'fashion', or the path of a file.
        link_name (str): Which of this library's weights, 'fashion_ssd300' or
            'style_extractor_bn'.
        url (str): Where ChainerCV has the weights, which are downloaded once
            into its cache, or :obj:`None`.

    Returns:
        str: The path of an existing file.

    Raises:
        OSError: If it is found nowhere, cannot be fetched, or is damaged. The
            message says where to put it.
        TypeError: If `pretrained_model` is neither a name nor a path.
    """
    if url is not None:
        # where chainercv.utils.download_model keeps it, which has no bounds
        path = Path(download.get_dataset_root(), 'pfnet/chainercv/models', url.rpartition('/')[2])
        if not path.exists():
            download_weights(url, path, None)
        return str(path)
    if pretrained_model != 'fashion':
        try:
            given = os.fspath(pretrained_model)
        except TypeError:
            raise TypeError(
                "pretrained_model must be a path or a name such as 'fashion', "
                f'not {type(pretrained_model).__name__}') from None
        if not os.path.isfile(given):
            raise FileNotFoundError(
                f'{given}: there is no such weights file; pretrained_model is '
                "a path or a name such as 'fashion'")
        return given

    home = next((folder for folder in _FOLDERS if (folder / 'weights.json').is_file()), None)
    if home is None:
        raise FileNotFoundError(
            f'weights.json is in none of {", ".join(map(str, _FOLDERS))}: install '
            'vasily_fashion again, from its repository or its wheel')
    row = json.loads((home / 'weights.json').read_text('utf-8'))[link_name]
    file_name, sha256 = row['file'], row['sha256']
    folders = [
        home,
        Path(download.get_dataset_root()) / 'vasily_fashion' / 'weights']
    if os.environ.get(_VARIABLE):
        folders.insert(0, Path(os.environ[_VARIABLE]))
    for folder in folders:
        path = folder / file_name
        if path.is_file():
            with open(path, 'rb') as file:
                if hashlib.file_digest(file, 'sha256').hexdigest() != sha256:
                    raise OSError(
                        f'{path} is damaged or of another version: its '
                        f'sha256 is not {sha256}; remove it, or fetch it again')
            return str(path)
    base_url = os.environ.get(_URL_VARIABLE)
    if base_url:
        path = folders[-1] / file_name
        download_weights(f'{base_url.rstrip("/")}/{file_name}', path, sha256)
        return str(path)
    raise FileNotFoundError(
        f'{file_name} is in none of {", ".join(map(str, folders))}: copy it '
        "there from weights/ of the project's repository, or let "
        f'{_VARIABLE} name the folder that holds it, or {_URL_VARIABLE} the '
        'URL of a folder to download it from')
