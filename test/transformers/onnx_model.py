"""
A small ONNX model as the onnx package writes it, for test/onnx/protobuf:

    pip install onnx==1.23.2
    python test/transformers/onnx_model.py test/golden/onnx
"""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)

weight = np.arange(6, dtype=np.float32).reshape(2, 3) - 2.5
halves = np.array([1, -0.5, 65504], dtype=np.float16)


def external(name, dtype, shape, offset, length):
    tensor = TensorProto(name=name, data_type=dtype, dims=shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "small_external.onnx_data"), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def model(first):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["v0"], name="MatMul_0"),
        helper.make_node("Gelu", ["v0"], ["v1"], name="Gelu_1", approximate="tanh"),
        helper.make_node("Transpose", ["v1"], ["v2"], name="Transpose_2", perm=[1, 0]),
        helper.make_node("LayerNormalization", ["v1", "constant_0"], ["v3"], name="LayerNormalization_3", axis=-1, epsilon=1e-6),
        helper.make_node(
            "SkipSimplifiedLayerNormalization", ["v3", "v1", "h"], ["v4", "", "", "y"],
            name="SkipSimplifiedLayerNormalization_4", domain="com.microsoft", epsilon=1e-5,
        ),
    ]
    constants = [first, helper.make_tensor("h", TensorProto.FLOAT16, [3], halves.tobytes(), raw=True)]
    constants.append(helper.make_tensor("constant_0", TensorProto.INT64, [], np.int64(-7).tobytes(), raw=True))
    graph = helper.make_graph(
        nodes, "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 3])],
        constants,
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="saccade")


for name, first in (
    ("small", helper.make_tensor("w", TensorProto.FLOAT, [2, 3], weight.tobytes(), raw=True)),
    ("small_external", external("w", TensorProto.FLOAT, [2, 3], 4096, 24)),
):
    (folder / f"{name}.onnx").write_bytes(model(first).SerializeToString(deterministic=True))
