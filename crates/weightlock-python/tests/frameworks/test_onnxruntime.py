"""ONNX Runtime on verified bytes: a model in one file, and one with weights in a second file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from frameworks.libraries import Attacked, needs

needs("onnx", "onnxruntime", "numpy")

import numpy  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import weightlock  # noqa: E402


class Onnx(Attacked):
    def setUp(self) -> None:
        super().setUp()
        self.place = self.folder / "onnx"
        self.place.mkdir()
        self.weight = numpy.arange(4096, dtype=numpy.float32).reshape(64, 64)
        self.write("model.onnx", external=False)
        self.write("big.onnx", external=True)
        self.sign(self.place)
        self.given = {"x": numpy.eye(64, dtype=numpy.float32)}

    def write(self, name: str, *, external: bool) -> None:
        sizes = [64, 64]
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"])],
            "graph",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, sizes)],
            [numpy_helper.from_array(self.weight, "w")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, self.place / name, save_as_external_data=external, location=f"{name}.data", size_threshold=0)

    def runs(self, session: Any) -> None:
        numpy.testing.assert_array_equal(session.run(None, self.given)[0], self.weight)

    def test_a_model_in_one_file_is_given_as_bytes(self) -> None:
        file = self.place / "model.onnx"
        with weightlock.guarded(file, key=self.key) as model:
            content = bytes(memoryview(model.buffer("model.onnx")))
        session = onnxruntime.InferenceSession(content)
        for change in self.changes(file):
            change()
            self.runs(session)

    def test_a_model_in_one_file_is_given_as_a_path(self) -> None:
        with weightlock.verified(self.place, key=self.key) as path:
            session = onnxruntime.InferenceSession(Path(path, "model.onnx"))
            for file in self.place.iterdir():
                file.write_bytes(b"changed")
            self.runs(session)
        self.runs(session)

    def test_weights_of_a_second_file_are_given_from_memory(self) -> None:
        with weightlock.guarded(self.place, key=self.key) as model:
            for file in self.place.iterdir():
                file.write_bytes(b"changed")
            options = onnxruntime.SessionOptions()
            weights = model.buffer("big.onnx.data")
            options.add_external_initializers_from_files_in_memory(["big.onnx.data"], [weights], [len(weights)])
            content = bytes(memoryview(model.buffer("big.onnx")))
        self.runs(onnxruntime.InferenceSession(content, options))

    def test_weights_of_a_second_file_are_not_read_by_their_path(self) -> None:
        # The runtime wants to know where links end. It refuses; should it read one day, then what was verified.
        with weightlock.verified(self.place, key=self.key) as path:
            for file in self.place.iterdir():
                file.write_bytes(b"changed")
            with self.assertRaisesRegex(Exception, "External data path validation failed"):
                onnxruntime.InferenceSession(Path(path, "big.onnx"))

    def test_a_tampered_twin_is_refused(self) -> None:
        for name in ("model.onnx", "big.onnx.data"):
            content = (self.place / name).read_bytes()
            (self.place / name).write_bytes(content[:-1] + b"\xff")
            self.is_refused("WL-SIG-TAMPERED", lambda: weightlock.verified(self.place, key=self.key))
            (self.place / name).write_bytes(content)
