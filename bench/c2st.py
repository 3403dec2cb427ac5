"""C2ST of pairs of samples, rows of numbers: reads [[first, second]] as JSON, writes the accuracy of a classifier of each pair.

Source: Lopez-Paz and Oquab 2017; Lueckmann et al. 2021, appendix, whose classifier this is.
"""
import json
import sys

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPClassifier


def c2st(first, second):
    first, second = np.array(first), np.array(second)
    std = first.std(0)
    z = (np.concatenate([first, second]) - first.mean(0)) / np.where(std > 0, std, 1)
    labels = np.repeat([0, 1], [len(first), len(second)])
    network = MLPClassifier(hidden_layer_sizes=(10 * z.shape[1],) * 2, max_iter=1000, random_state=1)
    return cross_val_score(network, z, labels, cv=KFold(5, shuffle=True, random_state=1)).mean()


json.dump(Parallel(n_jobs=-1)(delayed(c2st)(*pair) for pair in json.load(sys.stdin)), sys.stdout)
