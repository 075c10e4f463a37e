"""Logits so few that what comes of them can be worked out by hand."""

import numpy as np

# Logarithms of probabilities: 4 images, 3 classes, the third image is taken for class 2.
SHARES = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.25, 0.25, 0.5]])
LOGITS = np.log(SHARES).astype(np.float32) + np.float32(3)  # a shift that must not matter
LABELS = np.array([0, 1, 1, 2])
