"""A pack's predictions and metrics are those of its networks, one by one."""

import numpy as np
import pandas as pd
import torch

from blocklab.evaluation.evaluation import evaluate_pack
from blocklab.networks.network import initialise, predict


def test_a_pack_is_evaluated_seed_by_seed(small_layers, make_data):
    data, seeds = make_data(), [7, 3]
    networks = [initialise(small_layers, seed) for seed in seeds]
    rows = [(7, 1, 0.1, 3.0), (7, 2, 0.2, 2.0), (3, 1, 0.3, 1.0), (3, 2, 0.4, 0.5)]
    history = pd.DataFrame(rows, columns=["seed", "epoch", "acc", "loss"])
    metrics, predictions = evaluate_pack(networks, seeds, data, "cross_entropy", history)
    assert metrics[["seed", "acc", "loss"]].values.tolist() == [[7, 0.2, 2.0], [3, 0.4, 0.5]]
    assert predictions["seeds"].tolist() == seeds
    assert predictions["test_confusion"].sum(axis=(1, 2)).tolist() == [20, 20]
    assert predictions["validation_labels"].tolist() == data.validation.labels.tolist()
    for position, network in enumerate(networks):
        logits = predict(network, data.test.images)
        assert np.array_equal(predictions["test_logits"][position], logits.numpy())
        right = (logits.argmax(dim=1) == data.test.labels).double().mean().item()
        assert metrics["test_acc"][position] == right
        loss = torch.nn.functional.cross_entropy(logits, data.test.labels).item()
        assert abs(metrics["test_loss"][position] - loss) < 1e-6
