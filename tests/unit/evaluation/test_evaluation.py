"""A run's predictions and metrics are those of its network."""

import numpy as np
import pandas as pd
import torch

from blocklab.evaluation.evaluation import evaluate_run
from blocklab.networks.network import initialise, predict


def test_a_run_is_evaluated_on_both_splits(small_layers, make_data):
    data, network = make_data(), initialise(small_layers, 7)
    rows = [(7, 1, 0.1, 3.0), (7, 2, 0.2, 2.0)]
    history = pd.DataFrame(rows, columns=["seed", "epoch", "acc", "loss"])
    metrics, predictions = evaluate_run(network, 7, data, "cross_entropy", history)
    assert [metrics[key] for key in ("seed", "acc", "loss")] == [7, 0.2, 2.0]
    assert predictions["seed"] == 7
    assert predictions["test_confusion"].sum() == 20
    assert predictions["validation_labels"].tolist() == data.validation.labels.tolist()
    logits = predict(network, data.test.images)
    assert np.array_equal(predictions["test_logits"], logits.numpy())
    right = (logits.argmax(dim=1) == data.test.labels).double().mean().item()
    assert metrics["test_acc"] == right
    loss = torch.nn.functional.cross_entropy(logits, data.test.labels).item()
    assert abs(metrics["test_loss"] - loss) < 1e-6
