"""Runs a file in onnxruntime, one input at a time, and prints p_value of each as JSON.

    python3 guard_p.py FILE INPUTS SHAPE
"""

import json
import sys

import numpy as np
import onnxruntime

model, inputs, shape = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(model, options)
name = session.get_inputs()[0].name
rows = np.fromfile(inputs, np.float32).reshape([-1, *shape])
print(json.dumps([float(session.run(["p_value"], {name: row})[0][0]) for row in rows]))
