"""A training step written by hand in JAX, compiled as one program, with optax's Adam.

The images stay on the device as bytes. On CUDA an epoch is one program, a `scan` over its batches;
on a processor, where loops inside a program keep convolutions from being threaded, a program per
step. What the steps measure stays on the device until the epoch's end.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from peers.jax_networks import NETWORKS, Pass

OPTIMIZER = optax.adam(0.001)


class State(NamedTuple):
    """All that a step changes."""

    parameters: list[jax.Array]
    statistics: list[jax.Array]
    optimizer: optax.OptState
    key: jax.Array | None
    loss_sum: jax.Array
    correct: jax.Array


def initial(name: str, size: int, key: jax.Array | None) -> State:
    """Return the state before the first step; without `key` nothing will be dropped."""
    first = Pass(key=key)
    NETWORKS[name](first, jnp.zeros((2, size, size, 1)))
    zero = jnp.zeros(())
    return State(
        first.parameters,
        first.new_statistics(),
        OPTIMIZER.init(first.parameters),
        key,
        zero,
        zero.astype(jnp.int32),
    )


@partial(jax.jit, static_argnames=("name", "dtype"), donate_argnames="state")
def step(
    state: State,
    images: jax.Array,
    labels: jax.Array,
    batch: jax.Array,
    name: str,
    dtype=jnp.float32,
) -> State:
    """Learn from the images uint8 [N, H, W, 1] at the positions `batch`."""
    x, y = images[batch].astype(jnp.float32) / 255, labels[batch]
    new_key, key = (None, None) if state.key is None else jax.random.split(state.key)

    def loss_of(parameters):
        use = Pass(parameters, state.statistics, key, dtype)
        logits = NETWORKS[name](use, x).astype(jnp.float32)
        # The homework's loss applies softmax twice.
        losses = optax.softmax_cross_entropy_with_integer_labels(jax.nn.softmax(logits), y)
        return losses.mean(), (logits, use.new_statistics())

    (loss, (logits, statistics)), gradients = jax.value_and_grad(loss_of, has_aux=True)(
        state.parameters
    )
    updates, optimizer = OPTIMIZER.update(gradients, state.optimizer)
    return State(
        optax.apply_updates(state.parameters, updates),
        statistics,
        optimizer,
        new_key,
        state.loss_sum + loss * len(batch),
        state.correct + (logits.argmax(axis=1) == y).sum(),
    )


@partial(jax.jit, static_argnames=("name", "dtype"), donate_argnames="state")
def epoch(state: State, images, labels, batches: jax.Array, name: str, dtype=jnp.float32) -> State:
    """Learn from one batch after another: positions [steps, N]."""
    return lax.scan(
        lambda state, batch: (step(state, images, labels, batch, name, dtype), None), state, batches
    )[0]


def train(
    name: str,
    images: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
    precision: str,
    gate: Callable[[], bool],
    whole_epochs: bool,
) -> None:
    """Train until `gate`, asked before every epoch, says stop.

    Images are uint8 [N, H, W, 1], N a multiple of `batch_size`. With `whole_epochs` an epoch is one
    program.
    """
    images, labels = jax.device_put(images), jax.device_put(labels)
    options = {"name": name, "dtype": jnp.dtype(precision)}
    random = np.random.default_rng(0)
    state = initial(name, images.shape[1], jax.random.key(0))
    while gate():
        zero = jnp.zeros(())
        state = state._replace(loss_sum=zero, correct=zero.astype(jnp.int32))
        batches = random.permutation(len(labels)).reshape(-1, batch_size).astype(np.int32)
        if whole_epochs:
            state = epoch(state, images, labels, batches, **options)
        else:
            for batch in batches:
                state = step(state, images, labels, batch, **options)
        float(state.loss_sum), int(state.correct)  # waits for the device
