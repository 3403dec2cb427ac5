"""Gradient boosting with quantile loss: reads {train, test: {x, y}} as JSON, writes 256 quantiles of each test row, linear between those fitted."""
import json
import sys

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

task = json.load(sys.stdin)
x, y = np.array(task["train"]["x"]), np.array(task["train"]["y"])
rows = np.array(task["test"]["x"])
levels = sorted([i / 20 for i in range(1, 20)] + [0.025, 0.975])
columns = [
    GradientBoostingRegressor(loss="quantile", alpha=level, n_estimators=200, max_depth=3, learning_rate=0.05, random_state=0)
    .fit(x, y)
    .predict(rows)
    for level in levels
]
points = (np.arange(256) + 0.5) / 256
quantiles = np.sort(np.stack(columns, 1), 1)
json.dump([np.interp(points, levels, row).tolist() for row in quantiles], sys.stdout)
