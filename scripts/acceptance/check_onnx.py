"""Checks ONNX files with the checker of the format and its inference of shapes; prints how many passed.

    python3 check_onnx.py FILE...
"""

import sys

import onnx

for file in sys.argv[1:]:
    onnx.checker.check_model(file, full_check=True)
print(len(sys.argv) - 1)
