"""The newcomer's convolutional networks in plain JAX: maps [N, H, W, C], arrays in one list.

The arrays come in the order of the newcomer's parameters, so that weights can be carried over;
statistics of batch normalisation are a list of their own.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

CLASSES = 10
MOMENTUM, EPSILON = 0.1, 1e-5  # torch's


class Pass:
    """One way through a network: takes its arrays one by one, or makes them where it has none.

    Convolutions and matrix products run in `dtype`, statistics in float32. Without a `key`
    nothing is dropped.
    """

    def __init__(self, parameters=None, statistics=None, key=None, dtype=jnp.float32) -> None:
        self.making = np.random.default_rng(0) if parameters is None else None
        self.parameters, self.statistics = list(parameters or []), list(statistics or [])
        self.taken, self.measured = 0, []
        self.key, self.dtype = key, dtype

    def conv(self, x, out, kernel=1, padding="SAME", bias=False):
        inputs = kernel * kernel * x.shape[-1]
        weight = self._weight((kernel, kernel, x.shape[-1], out), inputs)
        axes = ("NHWC", "HWIO", "NHWC")
        x = lax.conv_general_dilated(
            x.astype(self.dtype), weight, (1, 1), padding, None, None, axes
        )
        return x + self._weight((out,), inputs) if bias else x

    def linear(self, x, out):
        inputs = x.shape[-1]
        weight, bias = self._weight((inputs, out), inputs), self._weight((out,), inputs)
        return x.astype(self.dtype) @ weight + bias

    def norm(self, x):
        channels, count = x.shape[-1], x.size // x.shape[-1]
        scale = self._take(lambda: np.ones(channels))
        shift = self._take(lambda: np.zeros(channels))
        y = x.astype(jnp.float32)
        mean = y.mean((0, 1, 2))
        variance = jnp.square(y).mean((0, 1, 2)) - jnp.square(mean)  # one pass less, as in Flax
        self.measured += [mean, variance * (count / (count - 1))]
        return ((y - mean) * (lax.rsqrt(variance + EPSILON) * scale) + shift).astype(self.dtype)

    def dropout(self, x, mask_shape):
        if self.key is None:
            return x
        self.key, key = jax.random.split(self.key)
        return jnp.where(jax.random.bernoulli(key, 0.5, mask_shape), 2 * x, 0)

    def new_statistics(self):
        """Return the running statistics after this pass: a mean and a variance per norm."""
        if self.making:
            return [jnp.full(x.shape, i % 2, jnp.float32) for i, x in enumerate(self.measured)]
        pairs = zip(self.statistics, self.measured, strict=True)
        return [(1 - MOMENTUM) * old + MOMENTUM * new for old, new in pairs]

    def _weight(self, shape, inputs):
        bound = inputs**-0.5
        return self._take(lambda: self.making.uniform(-bound, bound, shape)).astype(self.dtype)

    def _take(self, make):
        if self.making:
            self.parameters.append(jnp.asarray(make(), jnp.float32))
        self.taken += 1
        return self.parameters[self.taken - 1]


def max_pool(x, window=2, stride=2, padding="VALID"):
    sizes, strides = (1, window, window, 1), (1, stride, stride, 1)
    return lax.reduce_window(x, -jnp.inf, lax.max, sizes, strides, padding)


def flatten(x):
    return x.reshape(len(x), -1)


def conv(use, x, out, kernel=1, activation=jax.nn.silu):
    return activation(use.norm(use.conv(x, out, kernel)))


def bottleneck_block(use, x, out, hidden):
    y = conv(use, conv(use, x, hidden, 3), out, 3)
    return x + y if x.shape[-1] == out else y


def csp_block(use, x, out):
    hidden = out // 2
    deep = bottleneck_block(use, conv(use, x, hidden), hidden, hidden)
    y = jnp.concatenate([use.conv(deep, hidden), use.conv(x, hidden)], axis=-1)
    return conv(use, jax.nn.silu(use.norm(y)), out)


def sppf_block(use, x, out):
    maps = [conv(use, x, x.shape[-1] // 2)]
    for _ in range(3):
        maps.append(max_pool(maps[-1], 5, 1, "SAME"))
    return conv(use, jnp.concatenate(maps, axis=-1), out)


def exp3(use, x):
    x = jax.nn.relu(max_pool(use.conv(x, 10, 5, "VALID", bias=True)))
    x = use.conv(x, 20, 5, "VALID", bias=True)
    x = jax.nn.relu(max_pool(use.dropout(x, (len(x), 1, 1, 20))))
    x = jax.nn.relu(use.linear(flatten(x), 50))
    return use.linear(use.dropout(x, x.shape), CLASSES)


def vgg(use, x):
    for out in (8, 16):
        for _ in range(2):
            x = conv(use, x, out, 3, jax.nn.relu)
        x = max_pool(x)
    return use.linear(flatten(x), CLASSES)


def bottleneck(use, x):
    x = bottleneck_block(use, bottleneck_block(use, x, 8, 4), 16, 8)
    images, height, width, channels = x.shape
    x = x.reshape(images, height // 2, 2, width // 2, 2, channels).mean((2, 4))
    return use.linear(flatten(x), CLASSES)


def csp(use, x):
    x = csp_block(use, csp_block(use, x, 8), 16)
    return use.linear(flatten(max_pool(x)), CLASSES)


def sppf(use, x):
    x = sppf_block(use, sppf_block(use, conv(use, x, 8), 16), 32)
    return use.linear(flatten(max_pool(x)), CLASSES)


NETWORKS = {"exp3": exp3, "vgg": vgg, "bottleneck": bottleneck, "csp": csp, "sppf": sppf}
