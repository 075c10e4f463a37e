"""Metrics from logits, against numbers worked out by hand."""

import math

import numpy as np
import pytest
from logits_by_hand import LABELS, LOGITS

from blocklab.errors import UserError
from blocklab.evaluation.metrics import confusion_matrix, evaluate_seed, recall_per_class
from blocklab.losses import LOSSES

NOTHING = np.empty((0, 3), np.float32), np.empty(0, np.int64)


def evaluate(loss="cross_entropy", validation=NOTHING):
    logits = {"validation": validation[0], "test": LOGITS}
    labels = {"validation": validation[1], "test": LABELS}
    return evaluate_seed(logits, labels, loss)


def test_metrics_of_one_seed():
    metrics, confusion = evaluate()
    cross = -np.log([0.5, 0.8, 0.2, 0.5]).mean()
    assert metrics["test_acc"] == 0.75
    assert metrics["test_cross_entropy"] == pytest.approx(cross, abs=1e-6)
    assert metrics["test_loss"] == metrics["test_cross_entropy"]
    assert [metrics[f"recall_{label}"] for label in range(3)] == [1, 0.5, 1]
    assert metrics["test_images"] == 4
    assert confusion.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]  # true class by row


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_outputs_that_are_no_numbers_are_refused(wrong):
    broken = LOGITS.copy()
    broken[2, 1] = wrong
    with pytest.raises(UserError, match="outputs on the validation images are no finite numbers"):
        evaluate(validation=(broken, LABELS))


def test_the_loss_is_the_one_of_training_the_cross_entropy_is_not():
    metrics, _ = evaluate("double_softmax_cross_entropy")
    twice = LOSSES["double_softmax_cross_entropy"].of_arrays(LOGITS, LABELS)
    assert metrics["test_loss"] == twice
    assert metrics["test_cross_entropy"] == evaluate()[0]["test_cross_entropy"] != twice
    with pytest.raises(KeyError, match="hinge"):  # none is taken for another
        evaluate("hinge")


def test_validation_is_measured_by_itself():
    metrics, _ = evaluate(validation=(LOGITS[:3], LABELS[:3]))
    assert metrics["validation_acc"] == pytest.approx(2 / 3)
    assert metrics["test_acc"] == 0.75
    expected = -np.log([0.5, 0.8, 0.2]).mean()
    assert metrics["validation_cross_entropy"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.filterwarnings("error")
def test_an_empty_validation_split_has_no_metrics():
    metrics, _ = evaluate()
    for name in ("acc", "loss", "cross_entropy"):
        assert math.isnan(metrics[f"validation_{name}"])
        assert not math.isnan(metrics[f"test_{name}"])


def test_confusion_has_the_true_class_by_row_and_a_place_for_every_class():
    labels, predictions = np.array([0, 0, 0, 2]), np.array([1, 1, 0, 0])
    confusion = confusion_matrix(predictions, labels, 4)
    assert confusion.tolist() == [[1, 2, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    recall = recall_per_class(confusion)
    assert recall[[0, 2]].tolist() == [1 / 3, 0]
    assert np.isnan(recall[[1, 3]]).all()
