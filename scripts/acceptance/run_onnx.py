"""Checks an ONNX file, runs it in onnxruntime, and writes the results beside the inputs.

    python3 run_onnx.py FILE FOLDER [--check]

FOLDER holds inputs.json, [{name, shape, file}], and the files: float32, row-major. It gets outputs.json
of the same form.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

model, folder = sys.argv[1], pathlib.Path(sys.argv[2])
if "--check" in sys.argv:
    onnx.checker.check_model(model, full_check=True)
feeds = {
    entry["name"]: np.fromfile(folder / entry["file"], np.float32).reshape(entry["shape"])
    for entry in json.loads((folder / "inputs.json").read_text())
}
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(model, options)
names = [output.name for output in session.get_outputs()]
written = []
for i, (name, value) in enumerate(zip(names, session.run(names, feeds))):
    written.append({"name": name, "shape": value.shape, "file": f"output-{i}.bin"})
    np.asarray(value, np.float32).tofile(folder / f"output-{i}.bin")
(folder / "outputs.json").write_text(json.dumps(written))
