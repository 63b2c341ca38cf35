from vasily_fashion.converters.conversion import Conversion  # noqa: F401
from vasily_fashion.converters.convert_weights import convert_weights  # noqa: F401
from vasily_fashion.converters.read_arrays import read_arrays  # noqa: F401
