"""Explanation methods, one file each behind one interface: the file's name is the method's.

    attribute(model, inputs, labels, steps) -> (attributions, delta)

model: takes inputs to targets [M, K], one per class. inputs: float [M, C, H, W], from 0 to 1.
labels: int64 [M], the class whose target is explained. steps: how finely, for methods that sum.
attributions: [M, C, H, W], in units of the target. delta: [M], by how much their sum misses the
change of the target that they should sum to; NaN for a method that promises no such sum.
"""
