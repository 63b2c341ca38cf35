import numpy as np


class Conversion:
    """The result of a converter.

    Attributes:
        arrays (dict): From names of this library's link, such as
            'extractor/conv1_1/W', to arrays, as
            :func:`vasily_fashion.utils.load_weights` takes them from an .npz.
        sources (dict): From the same names to the names in the file.
        left_out (dict): From names in the file to why they do not carry over.

    Args:
        layout (str): Name of the layout, as people call it.
        link_name (str): The link that takes the arrays, 'FashionSSD300' or
            'StyleExtractorBN'.
    """

    def __init__(self, layout: str, link_name: str) -> None:
        self.layout = layout
        self.link_name = link_name
        self.arrays: dict[str, np.ndarray] = {}
        self.sources: dict[str, str] = {}
        self.left_out: dict[str, str] = {}

    def add(self, source: str, target: str, array: np.ndarray,
            shape: tuple[int, ...] | None = None) -> None:
        """Map one array.

        Args:
            source (str): Its name in the file.
            target (str): Its name in the link.
            array (array): Its values, in the link's order of axes.
            shape (tuple): What its shape must be, if known.

        Raises:
            ValueError: If the shape is another, or a value not finite.
        """
        array = np.asarray(array, order='C')
        if array.dtype.kind == 'f':
            # half precision is widened, as load_weights does
            array = array.astype(np.float32, copy=False)
        if shape is not None and array.shape != tuple(shape):
            raise ValueError(
                f'{source} would be {target} of shape {array.shape}, not '
                f'{tuple(shape)}: it is of another network than '
                f'{self.layout}')
        if not np.isfinite(array).all():
            raise ValueError(f'{source} holds values that are not finite')
        self.arrays[target] = array
        self.sources[target] = source

    def lines(self) -> list[str]:
        """Every mapping as a line of text.

        Returns:
            list of str: 'source -> target shape', then what is left out.
        """
        return [
            f'{source} -> {target} {self.arrays[target].shape}'
            for target, source in self.sources.items()
        ] + [f'{source}: left out, {why}'
             for source, why in self.left_out.items()]
