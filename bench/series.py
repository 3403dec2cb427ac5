"""Isolation forest and PCA: reads {train, tests: [rows]} as JSON, writes the scores of each row of each test, higher is odder."""
import json
import sys

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest

task = json.load(sys.stdin)
train = np.array(task["train"])
tests = [np.array(rows) for rows in task["tests"]]
mean, std = train.mean(0), train.std(0)
scaled = lambda rows: (rows - mean) / std
forest = IsolationForest(n_estimators=200, random_state=0).fit(scaled(train))
pca = PCA(n_components=0.9, svd_solver="full").fit(scaled(train))


def left(rows):
    z = scaled(rows)
    return ((z - pca.inverse_transform(pca.transform(z))) ** 2).sum(1)


json.dump(
    {
        "isolation forest": [(-forest.score_samples(scaled(rows))).tolist() for rows in tests],
        "PCA": [left(rows).tolist() for rows in tests],
    },
    sys.stdout,
)
