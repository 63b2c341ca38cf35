from vasily_fashion.retrieval.fashion_item_retriever import FashionItemRetriever  # noqa: F401
from vasily_fashion.retrieval.flat_index import FlatIndex  # noqa: F401
from vasily_fashion.retrieval.retrieved_item import RetrievedItem  # noqa: F401
