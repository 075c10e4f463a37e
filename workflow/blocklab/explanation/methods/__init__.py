"""Explanation methods, one file each behind one interface: the file's name is the method's.

    attribute(model, inputs, baselines, labels, steps, batch_size) -> (attributions, delta)

model: takes inputs to targets [M, K], one per class. inputs: float [M, C, H, W], from 0 to 1.
baselines: like inputs, the image that each is compared with; a method that compares with none
leaves them alone. labels: int64 [M], the class whose target is explained. steps: how finely, for
methods that sum. batch_size: images that the model may be given at once, which bounds memory.
attributions: [M, C, H, W], in units of the target. delta: [M], by how much their sum misses the
change of the target that they should sum to; NaN for a method that promises no such sum.
"""
