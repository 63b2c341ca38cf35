"""ChainerCV's C extension ``chainercv.utils.bbox._nms_gpu_post``, in NumPy.

Its generated C file does not compile on Python 3.11 or newer.  It is the last
step of non-maximum suppression on a GPU; on a CPU it is imported but never
called.  Where the extension has been built, it is used instead of this.
"""
import numpy as np


def _nms_gpu_post(mask, n_bbox, threads_per_block, col_blocks):
    """Selects the boxes that no better box suppresses.

    Args:
        mask (numpy.ndarray): ``(n_bbox * col_blocks,)`` uint64. Bit ``j`` of
            ``mask[i * col_blocks + b]`` says that box ``i`` overlaps box
            ``b * threads_per_block + j``, which scores less.
        n_bbox (int): Number of boxes, best score first.
        threads_per_block (int): Boxes per block: 64.
        col_blocks (int): Blocks per box.

    Returns:
        (numpy.ndarray, int): ``(n_bbox,)`` int32, the indices of the selected
        boxes, filled up with zeros, and how many were selected.

    """
    n_bbox, col_blocks = int(n_bbox), int(col_blocks)
    mask = mask.reshape(n_bbox, col_blocks)
    removed = np.zeros(col_blocks, dtype=np.uint64)
    selection = np.zeros(n_bbox, dtype=np.int32)
    n_selection = 0
    for i in range(n_bbox):
        block, bit = divmod(i, threads_per_block)
        if int(removed[block]) >> bit & 1:
            continue
        selection[n_selection] = i
        n_selection += 1
        removed[block:] |= mask[i, block:]
    return selection, n_selection
