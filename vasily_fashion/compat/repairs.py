"""The table of repairs: exact text of a release, and the text to run instead.

A repair is local: it changes a reference inside Chainer, never a name in
another library, and it leaves the number of lines as it is, so that lines in
tracebacks are those of the file.  (Replacing a module's ``np`` by something
with the old names does not work: Chainer compares ``xp is numpy``.)

Each entry says in one line what it repairs and when it can go.  "Until ..."
speaks of Chainer and ChainerCV themselves: both are final releases, so an
entry goes when a fork that has the change takes their place.

Left alone, because the price is higher than the use: Variable.debug_print()
says "device: cpu" where it said "CPU" (every start would compile the long
chainer.variable for it).
"""
from typing import NamedTuple

from vasily_fashion.compat.caffe_pb2 import rewrite_caffe_pb2


class Repair(NamedTuple):
    """Why a module is repaired, and the texts: ``{old: new}``."""

    why: str
    edits: dict


_HSTACK = Repair(
    'numpy.hstack takes no generator; until the FPN heads give it a list',
    {'xp.hstack(\n'
     '        xp.array((l,) * len(rois[l])) for l in range(n_level))':
     'xp.hstack(\n'
     '        [xp.array((l,) * len(rois[l])) for l in range(n_level)])'})

_NP_INT = Repair(
    'NumPy 1.24 dropped np.int; until FCIS says int',
    {'.astype(np.int)': '.astype(int)'})

_ONNX_MAPPING = Repair(
    'onnx 1.19 dropped onnx.mapping; until ONNX-Chainer uses onnx.helper',
    {'from onnx.mapping import NP_TYPE_TO_TENSOR_TYPE':
     'from vasily_fashion.compat.onnx_mapping import NP_TYPE_TO_TENSOR_TYPE'})

_MOCK = Repair(
    'mock is in the standard library; until chainer.testing takes that one',
    {'    import mock\n': '    from unittest import mock\n'})

_SCATTER_ADD = Repair(
    'CuPy 12 deprecates scatter_add; until Chainer calls add.at',
    {'cuda.cupyx.scatter_add': 'cuda.cupy.add.at'})

#: Module -> its repairs.
REPAIRS = {

    # -- imports that fail ------------------------------------------------
    'chainer.functions.array.as_strided': (Repair(
        'NumPy 2.0 dropped np.sctypes; until as_strided lists the dtypes',
        {"np.sctypes['int']": '(np.int8, np.int16, np.int32, np.int64)',
         "gy.dtype not in np.sctypes['float']": "gy.dtype.kind != 'f'"}),
        _SCATTER_ADD),
    'chainer._environment_check': (Repair(
        'numpy.distutils is gone; until the check of macOS BLAS needs it not',
        {'import numpy.distutils.system_info\n': '\n',
         "numpy.distutils.system_info.get_info('blas_opt')": 'None'}), Repair(
        'pkg_resources is gone, CuPy 7 too old; until CuPy 13+ is asked for',
        {'import pkg_resources\n': '\n',
         '    _check_optional_dependencies()\n': '\n'})),
    'chainer.testing.helper': (Repair(
        'pkg_resources is gone; until chainer.testing uses importlib.metadata',
        {'import pkg_resources\n':
         'from vasily_fashion.compat.requirements import satisfied\n',
         '    ws = pkg_resources.WorkingSet()\n': '\n',
         '        ws.require(*requirements)\n        skip = False\n':
         '        skip = not satisfied(*requirements)\n\n',
         '        ws.require(*requirements)\n        skip = True\n':
         '        skip = satisfied(*requirements)\n\n',
         'except pkg_resources.ResolutionError:': 'except ImportError:'}),
        _MOCK),
    'chainer.testing.doctest_helper': (Repair(
        'pkg_resources is gone; until chainer.testing uses importlib.metadata',
        {'import pkg_resources\n':
         'from vasily_fashion.compat.requirements import satisfied\n',
         '    ws = pkg_resources.WorkingSet()\n': '\n',
         '        ws.require(*requirements)\n':
         '        assert satisfied(*requirements)\n',
         'except pkg_resources.ResolutionError:': 'except AssertionError:'}),),
    'chainer.testing.training': (_MOCK,),
    'chainercv': (Repair(
        'pkg_resources is gone; until ChainerCV uses importlib.metadata',
        {'import pkg_resources\n': 'from importlib import metadata\n',
         "pkg_resources.get_distribution('chainercv').version":
         "metadata.version('chainercv')"}),),
    'chainercv.utils.download': (Repair(
        'Python 3.12 dropped distutils; until ChainerCV has its own strtobool',
        {'from distutils.util import strtobool\n':
         "strtobool = ('y', 'yes', 't', 'true', 'on', '1').__contains__\n",
         "strtobool(os.getenv('CHAINERCV_DOWNLOAD_REPORT', 'ON'))":
         "strtobool(os.getenv('CHAINERCV_DOWNLOAD_REPORT', 'ON').lower())"}),),

    'chainer.utils.meta': (Repair(
        'Chainer 7 warns of to_gpu in ChainerCV; until its links have none',
        {'                        warnings.warn(\n':
         "                        d['__module__'].startswith('chainercv.') or "
         'warnings.warn(\n'}),),

    'chainer.device_resident': (Repair(
        'to_device warns of the to_cpu that ChainerCV overrides; until its links have none',
        {'                to_method(**kwargs)\n':
         '                with warnings.catch_warnings(action="ignore"): '
         'to_method(**kwargs)\n'}),),

    # -- calls that fail, or fail soon ---------------------------------------
    'chainer.functions.array.resize_images': (Repair(
        'NumPy 1.24 dropped numpy.float; until resize_images says float',
        {'dtype=numpy.float)': 'dtype=float)'}),),
    'chainercv.experimental.links.model.fcis.fcis_train_chain': (_NP_INT,),
    'chainercv.experimental.links.model.fcis.utils.proposal_target_creator': (
        _NP_INT,),
    'chainercv.links.model.fpn.bbox_head': (_HSTACK,),
    'chainercv.links.model.fpn.mask_head': (_HSTACK,),
    'chainer.distributions.categorical': (Repair(
        'NumPy 2.0 meshgrid gives a tuple; until log_prob makes it a list',
        {'self.log_p[mg + [': 'self.log_p[list(mg) + ['}),),
    'chainer.functions.array.pad_sequence': (Repair(
        'NumPy 2.0 casts no -1 to unsigned (NEP 50); until padding is cast',
        {'y[i, l:] = self.padding':
         'y[i, l:] = numpy.array(self.padding).astype(y.dtype)'}),),
    'chainer.functions.math.sparse_matmul': (Repair(
        "SciPy's sparse has no float16; until sparse_matmul uses float32",
        {'    _n = B.shape[-1]\n    if B.ndim == 2:\n        sp_A':
         "    _n = B.shape[-1]; A_data = A_data.astype("
         "'f' if A_data.dtype == 'e' else A_data.dtype, copy=False); "
         "B = B.astype('f' if B.dtype == 'e' else B.dtype, copy=False)\n"
         '    if B.ndim == 2:\n        sp_A'}),),
    'chainer.links.activation.maxout': (Repair(
        'NumPy 2.5 deprecates `array.shape =`; until Maxout calls reshape',
        {'                array.shape = (out_size, pool_size, in_size)\n'
         '                initialW_orig(array)\n'
         '                array.shape = (linear_out_size, in_size)\n':
         '                initialW_orig(array.reshape(\n'
         '                    out_size, pool_size, in_size))\n\n',
         '                array.shape = (out_size, pool_size)\n'
         '                initial_bias_orig(array)\n'
         '                array.shape = linear_out_size,\n':
         '                initial_bias_orig(array.reshape(\n'
         '                    out_size, pool_size))\n\n'}),),
    'chainer.dataset.convert': (Repair(
        'NumPy 2.4 deprecates a third argument of maximum; until it is out=',
        {'numpy.maximum(shape, array.shape, shape)':
         'numpy.maximum(shape, array.shape, out=shape)'}),),
    'chainer.iterators.multiprocess_iterator': (Repair(
        'Python 3.10 deprecates setDaemon; until the iterator sets .daemon',
        {'thread.setDaemon(True)': 'thread.daemon = True'}),),
    'chainermn.iterators.multi_node_iterator': (Repair(
        'NumPy 2.5: no int() of a (1,) array; until the iterator calls .item',
        {'int(_size)': 'int(_size.item())'}),),

    # -- wrong values -------------------------------------------------------
    'chainer.serializers.hdf5': (Repair(
        'h5py 3 reads str as bytes; until the deserializer calls asstr',
        {'value = type(value)(numpy.asarray(dataset))':
         'value = type(value)(dataset.asstr()[()] if isinstance(value, str)'
         ' else numpy.asarray(dataset))'}), Repair(
        'h5py saves no fixed-length str; until the serializer saves any length',
        {'            arr = _cpu._to_cpu(value)\n':
         '            arr = _cpu._to_cpu(value); arr = arr.astype('
         "h5py.string_dtype()) if arr.dtype.kind == 'U' else arr\n"})),

    # -- CuPy -------------------------------------------------------------------
    'chainer.backends.cuda': (Repair(
        'CuPy 13 without cuDNN warns on import; until Chainer needs CuPy 14',
        {'            import cupy.cuda.cudnn\n':
         '            with warnings.catch_warnings(action="ignore"): '
         'import cupy.cuda.cudnn\n'}), Repair(
        'CuPy 14 has no cuDNN; until no import says to reinstall CuPy with it',
        {'    if (not cudnn_enabled and\n':
         '    if (False and not cudnn_enabled and\n'})),
    'chainer.functions.array.get_item': (Repair(
        'CuPy 12 deprecates scatter_add; until Chainer calls add.at',
        {'gx.scatter_add(slices, inputs[0])':
         'xp.add.at(gx, slices, inputs[0])'}),),
    'chainer.functions.array.scatter_add': (_SCATTER_ADD,),
    'chainer.functions.array.spatial_transformer_sampler': (_SCATTER_ADD,),
    'chainer.utils.sparse': (_SCATTER_ADD,),
    'chainer.training.updaters.multiprocess_parallel_updater': (Repair(
        'CuPy 9+ has cupy.cuda.nccl without NCCL; until the updater asks it',
        {'    from cupy.cuda import nccl\n    _available = True\n':
         '    with warnings.catch_warnings(action="ignore"): '
         'from cupy.cuda import nccl\n'
         '    _available = nccl.available\n'}),),
    'chainermn.nccl': (Repair(
        'CuPy 9+ warns where NCCL is missing; until ChainerMN asks for it',
        {'    from cupy.cuda.nccl import get_build_version':
         '    with __import__("warnings").catch_warnings(action="ignore"): '
         'from cupy.cuda.nccl import get_build_version'}),),
    'chainermn.communicators._memory_utility': (Repair(
        'CuPy 14: copy=False means never; until ChainerMN calls asarray',
        {'xp.array(v, copy=False, dtype=transfer_dtype)':
         'xp.asarray(v, dtype=transfer_dtype)'}),),

    # -- ONNX ---------------------------------------------------------------
    'onnx_chainer.context': (Repair(
        'onnx 1.19 dropped onnx.mapping; until ONNX-Chainer uses onnx.helper',
        {'from onnx import numpy_helper\n':
         'from onnx import numpy_helper; '
         'from vasily_fashion.compat import onnx_mapping\n',
         'onnx.mapping.STORAGE_TENSOR_TYPE_TO_FIELD.get(\n'
         '        tensor.data_type, None)':
         'onnx_mapping.storage_tensor_type_to_field(\n'
         '        tensor.data_type)'}),),
    'onnx_chainer.export': (_ONNX_MAPPING,),
    'onnx_chainer.functions.array': (_ONNX_MAPPING,),
    'onnx_chainer.functions.math': (_ONNX_MAPPING,),
}

#: Module -> the function that makes its source anew from the released one.
REWRITTEN = {
    # protobuf 4 refuses the code; until it is generated by a newer protoc
    'chainer.links.caffe.protobuf3.caffe_pb2': rewrite_caffe_pb2,
}

#: Module -> the file of this folder that stands in where it is missing.
REPLACED = {
    # its C does not compile; until Cython 3 generates ChainerCV's extensions
    'chainercv.utils.bbox._nms_gpu_post': 'nms_gpu_post.py',
}
