from vasily_fashion.extensions.detection_evaluator import DetectionEvaluator  # noqa: F401
from vasily_fashion.extensions.embedding_guard import EmbeddingGuard  # noqa: F401
from vasily_fashion.extensions.keep_best import KeepBest  # noqa: F401
from vasily_fashion.extensions.retrieval_evaluator import RetrievalEvaluator  # noqa: F401
