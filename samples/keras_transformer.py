"""A transformer block turns sequences of digits around: what it writes in each place stands in another.

Attention (Vaswani et al., 2017) lets each place look at the one it needs; layers that see one place at a time cannot.
"""
import numpy as np

from graphengine import keras
from graphengine.keras import layers

LENGTH, DIGITS, WIDTH = 8, 10, 32


class Place(layers.Layer):
    """Adds a vector of its own to each place."""

    def build(self, input_shape):
        self.vectors = self.add_weight(shape=input_shape[1:], initializer="uniform", name="vectors")

    def call(self, x):
        return x + self.vectors


def block(x):
    """Attention, then two layers at each place; both are added to what comes in, and normalized."""
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(num_heads=2, key_dim=WIDTH // 2)(x, x))
    hidden = layers.Dense(WIDTH)(layers.Dense(2 * WIDTH, activation="relu")(x))
    return layers.LayerNormalization()(x + hidden)


def build():
    numbers = keras.Input(shape=(LENGTH,), dtype="int32")
    x = block(Place()(layers.Embedding(DIGITS, WIDTH)(numbers)))
    model = keras.Model(numbers, layers.Dense(DIGITS, activation="softmax")(x))
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).integers(0, DIGITS, (4000, LENGTH)).astype("int32")
    model = build()
    model.fit(x[:3000], x[:3000, ::-1], batch_size=64, epochs=15, verbose=0)
    _, accuracy = model.evaluate(x[3000:], x[3000:, ::-1], verbose=0)
    print(f"digits in the right place: {accuracy:.4f}")
    written = model.predict(x[-1:], verbose=0).argmax(-1)
    print(x[-1], "->", written[0])


if __name__ == "__main__":
    main()
