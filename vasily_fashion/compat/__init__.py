"""Chainer 7.8.1 and ChainerCV 0.13.1 on today's Python, NumPy and CuPy.

Both are final releases: their last versions are from 2022 and 2019, and do
not even import on NumPy 2.  Importing this room first makes them work, with
ChainerMN and ONNX-Chainer, which ship inside Chainer:

>>> import vasily_fashion       # before the first import of chainer
>>> import chainer, chainercv

Nothing on disk changes, and nothing is added to numpy, cupy, onnx or
protobuf: a finder on :data:`sys.meta_path` corrects a few lines of those four
packages while they are imported.

==================== ======================================================
 file                 idea
==================== ======================================================
 importer             the finder and its loader
 repairs              the table: which text of which module is corrected, why
 import_order         chainer imported before us is refused, by name
 worker_processes     workers of spawn and forkserver are repaired as well
 worker_start         what such a worker runs first
 nms_gpu_post         in place of ChainerCV's C extension
 caffe_pb2            Caffe's message classes, for protobuf 4 and newer
 onnx_mapping         what onnx.mapping was, for onnx 1.19 and newer
 requirements         what chainer.testing asked pkg_resources for
==================== ======================================================
"""
from vasily_fashion.compat.import_order import check_import_order
from vasily_fashion.compat.importer import install_importer
from vasily_fashion.compat.worker_processes import repair_worker_processes

check_import_order()
install_importer()
repair_worker_processes()
