from vasily_fashion.retrieval.build_index import BuiltIndex, build_index  # noqa: F401
from vasily_fashion.retrieval.cut_products import cut_products  # noqa: F401
from vasily_fashion.retrieval.embed_catalogue import embed_catalogue  # noqa: F401
from vasily_fashion.retrieval.embed_images import embed_images  # noqa: F401
from vasily_fashion.retrieval.embed_in_parallel import embed_in_parallel  # noqa: F401
from vasily_fashion.retrieval.embedding_store import EmbeddingStore  # noqa: F401
from vasily_fashion.retrieval.faiss_index import FaissIndex, choose_factory  # noqa: F401
from vasily_fashion.retrieval.fashion_item_retriever import FashionItemRetriever  # noqa: F401
from vasily_fashion.retrieval.flat_index import FlatIndex  # noqa: F401
from vasily_fashion.retrieval.gallery import Gallery  # noqa: F401
from vasily_fashion.retrieval.index import Index  # noqa: F401
from vasily_fashion.retrieval.load_index import load_index  # noqa: F401
from vasily_fashion.retrieval.measure_recall import measure_recall  # noqa: F401
from vasily_fashion.retrieval.merge_guesses import merge_guesses  # noqa: F401
from vasily_fashion.retrieval.milvus_index import MilvusIndex  # noqa: F401
from vasily_fashion.retrieval.retrieved_item import RetrievedItem  # noqa: F401
from vasily_fashion.retrieval.update_index import update_index  # noqa: F401
