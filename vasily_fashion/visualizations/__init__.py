from vasily_fashion.visualizations.vis_retrieval import vis_retrieval  # noqa: F401
from vasily_fashion.visualizations.vis_retrieval_sheet import vis_retrieval_sheet  # noqa: F401
