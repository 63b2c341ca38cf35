from vasily_fashion.visualizations.vis_default_boxes import vis_default_boxes  # noqa: F401
from vasily_fashion.visualizations.vis_retrieval import vis_retrieval  # noqa: F401
from vasily_fashion.visualizations.vis_retrieval_sheet import vis_retrieval_sheet  # noqa: F401
from vasily_fashion.visualizations.vis_ssd_network import vis_ssd_network  # noqa: F401
