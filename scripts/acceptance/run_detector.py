"""Scores rows by an exported detector in onnxruntime.

    python3 run_detector.py MODEL COLUMNS RESULTS

COLUMNS is JSON, {name: [value, ...]}, with null for a missing number. RESULTS gets the lists score, p and flag.
"""

import json
import pathlib
import sys

import numpy as np
import onnxruntime

model, columns, results = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(model, options)
given = json.loads(pathlib.Path(columns).read_text())
feeds = {
    entry.name: np.array(given[entry.name], str if "string" in entry.type else np.float64).reshape(-1, 1)
    for entry in session.get_inputs()
}
names = ["score", "p", "flag"]
found = {name: value.tolist() for name, value in zip(names, session.run(names, feeds))}
pathlib.Path(results).write_text(json.dumps(found))
