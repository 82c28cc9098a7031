# SPDX-License-Identifier: Apache-2.0
"""Reads a config.pbtxt by Triton's own schema, and compares it with the graph: config.py MODEL_FOLDER."""
import pathlib
import sys

import onnx
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

folder = pathlib.Path(sys.argv[1])
config = text_format.Parse((folder / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())
assert config.name == folder.name and config.backend == "onnxruntime" and config.max_batch_size == 0, config
graph = onnx.load(folder / "1" / "model.onnx", load_external_data=False).graph
types = {1: model_config_pb2.TYPE_FP32, 7: model_config_pb2.TYPE_INT64, 9: model_config_pb2.TYPE_BOOL}


def of_graph(value):
    tensor = value.type.tensor_type
    return value.name, types[tensor.elem_type], [d.dim_value if d.HasField("dim_value") else -1 for d in tensor.shape.dim]


def of_config(value):
    return value.name, value.data_type, list(value.dims)


assert [of_config(v) for v in config.input] == [of_graph(v) for v in graph.input]
assert [of_config(v) for v in config.output] == [of_graph(v) for v in graph.output]
print(f"config.pbtxt: {len(config.input)} inputs and {len(config.output)} outputs, as the graph has them")
