"""The newcomer's convolutional networks in Keras 3 on JAX, compiled, trained by `fit`."""

import os
from collections.abc import Callable

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
from keras import layers

CLASSES = 10


def conv(x, out, kernel=1, activation="silu"):
    x = layers.Conv2D(out, kernel, padding="same", use_bias=False)(x)
    return layers.Activation(activation)(norm(x))


def norm(x):
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)  # torch's


def bottleneck_block(x, out, hidden):
    y = conv(conv(x, hidden, 3), out, 3)
    return layers.Add()([x, y]) if x.shape[-1] == out else y


def csp_block(x, out):
    hidden = out // 2
    deep = bottleneck_block(conv(x, hidden), hidden, hidden)
    ways = [layers.Conv2D(hidden, 1, use_bias=False)(y) for y in (deep, x)]
    return conv(layers.Activation("silu")(norm(layers.Concatenate()(ways))), out)


def sppf_block(x, out):
    maps = [conv(x, x.shape[-1] // 2)]
    for _ in range(3):
        maps.append(layers.MaxPooling2D(5, strides=1, padding="same")(maps[-1]))
    return conv(layers.Concatenate()(maps), out)


def exp3(x):
    x = layers.MaxPooling2D()(layers.Conv2D(10, 5)(x))
    x = layers.Conv2D(20, 5)(layers.ReLU()(x))
    x = layers.MaxPooling2D()(layers.SpatialDropout2D(0.5)(x))
    x = layers.Dense(50, activation="relu")(layers.Flatten()(layers.ReLU()(x)))
    return layers.Dropout(0.5)(x)


def vgg(x):
    for out in (8, 16):
        x = layers.MaxPooling2D()(conv(conv(x, out, 3, "relu"), out, 3, "relu"))
    return layers.Flatten()(x)


def bottleneck(x):
    x = bottleneck_block(bottleneck_block(x, 8, 4), 16, 8)
    return layers.Flatten()(layers.AveragePooling2D(2)(x))


def csp(x):
    return layers.Flatten()(layers.MaxPooling2D()(csp_block(csp_block(x, 8), 16)))


def sppf(x):
    x = sppf_block(sppf_block(conv(x, 8), 16), 32)
    return layers.Flatten()(layers.MaxPooling2D()(x))


NETWORKS = {"exp3": exp3, "vgg": vgg, "bottleneck": bottleneck, "csp": csp, "sppf": sppf}


def double_softmax(labels, logits):
    """The homework's loss: softmax, then a loss that applies it again."""
    return keras.losses.sparse_categorical_crossentropy(
        labels, keras.ops.softmax(logits), from_logits=True
    )


def model(name: str, size: int, precision: str = "float32") -> keras.Model:
    """Return the network for uint8 images [N, size, size, 1], ready for `fit`."""
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else precision)
    images = layers.Input((size, size, 1))
    features = NETWORKS[name](layers.Rescaling(1 / 255)(images))
    network = keras.Model(images, layers.Dense(CLASSES, dtype="float32")(features))
    network.compile(
        optimizer=keras.optimizers.Adam(0.001, epsilon=1e-8),
        loss=double_softmax,
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
        jit_compile=True,
    )
    return network


class Turns(keras.callbacks.Callback):
    """Ask `gate` before every epoch; Keras's own way to stop is to say so after one."""

    def __init__(self, gate: Callable[[], bool]) -> None:
        super().__init__()
        self.gate = gate

    def on_epoch_begin(self, epoch, logs=None):
        if not self.gate():
            raise SystemExit


def train(
    name: str,
    images: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
    precision: str,
    gate: Callable[[], bool],
) -> None:
    """Train until `gate`, asked before every epoch, says stop; images uint8 [N, H, W, 1]."""
    network = model(name, images.shape[1], precision)
    options = {"batch_size": batch_size, "epochs": 10**9, "verbose": 0, "callbacks": [Turns(gate)]}
    network.fit(images, labels, **options)
