from vasily_fashion.training.detection_evaluator import DetectionEvaluator  # noqa: F401
from vasily_fashion.training.embedding_guard import EmbeddingGuard  # noqa: F401
from vasily_fashion.training.keep_best import KeepBest  # noqa: F401
from vasily_fashion.training.learning_rate import learning_rate  # noqa: F401
from vasily_fashion.training.retrieval_evaluator import RetrievalEvaluator  # noqa: F401
from vasily_fashion.training.train_fashion_ssd import train_fashion_ssd  # noqa: F401
from vasily_fashion.training.train_style_extractor import train_style_extractor  # noqa: F401
from vasily_fashion.training.workers import create_communicator  # noqa: F401
