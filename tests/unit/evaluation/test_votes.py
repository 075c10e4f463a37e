"""Soft votes, by hand."""

import numpy as np
import pytest

from blocklab.evaluation.votes import soft_vote

# Two voters are sure and wrong of the second image, together less than the third is sure and right.
VOTERS = [[[0.9, 0.1], [0.6, 0.4]], [[0.8, 0.2], [0.6, 0.4]], [[0.4, 0.6], [0.1, 0.9]]]


def test_a_vote_is_the_mean_of_probabilities():
    logits = [np.log(np.array(shares)) + 5 for shares in VOTERS]
    assert np.exp(soft_vote(logits)) == pytest.approx(np.array([[0.7, 0.3], [1.3 / 3, 1.7 / 3]]))
    certain = soft_vote([np.array([[1000.0, 0.0]])] * 2)
    assert np.isfinite(certain).all() and certain[0, 0] == 0
