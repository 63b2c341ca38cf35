from vasily_fashion.deploy.compile_if_installed import compile_if_installed  # noqa: F401
from vasily_fashion.deploy.compile_link import compile_link  # noqa: F401
from vasily_fashion.deploy.export_detector import export_detector  # noqa: F401
from vasily_fashion.deploy.export_extractor import export_extractor  # noqa: F401
from vasily_fashion.deploy.export_onnx import export_onnx  # noqa: F401
from vasily_fashion.deploy.model_cache import ModelCache  # noqa: F401
