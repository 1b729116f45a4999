"""Two handwritten digits come in, which is larger and what is their sum come out: one reader serves both inputs."""
import numpy as np

from graphengine import keras
from graphengine.keras import layers


def build():
    reader = keras.Sequential([
        keras.Input(shape=(8, 8)),
        layers.Rescaling(1 / 16),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(32, activation="relu"),
    ], name="reader")
    left, right = keras.Input(shape=(8, 8), name="left"), keras.Input(shape=(8, 8), name="right")
    both = layers.Concatenate()([reader(left), reader(right)])
    hidden = layers.Dense(64, activation="relu")(both)
    larger = layers.Dense(1, activation="sigmoid", name="larger")(hidden)
    total = layers.Dense(1, name="total")(hidden)
    model = keras.Model({"left": left, "right": right}, {"larger": larger, "total": total})
    model.compile(
        optimizer=keras.optimizers.Adam(0.002), loss={"larger": "binary_crossentropy", "total": "mse"},
        loss_weights={"larger": 1.0, "total": 0.1}, metrics={"larger": ["accuracy"], "total": ["mae"]},
    )
    return model


def pairs(images, digits, count, random):
    """Inputs and what is to come out for pairs of digits that differ."""
    a, b = random.integers(0, len(images), (2, 2 * count))
    differ = np.flatnonzero(digits[a] != digits[b])[:count]
    a, b = a[differ], b[differ]
    inputs = {"left": images[a], "right": images[b]}
    return inputs, {"larger": digits[a] > digits[b], "total": digits[a].astype("float32") + digits[b]}


def main():
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    (x, y), (x_test, y_test) = keras.datasets.digits.load_data()
    model = build()
    model.fit(*pairs(x, y, 8000, random), batch_size=64, epochs=20, verbose=0)
    found = model.evaluate(*pairs(x_test, y_test, 2000, random), verbose=0, return_dict=True)
    print(f"larger one found: {found['larger_accuracy']:.4f}, sum off by {found['total_mae']:.2f} on average")


if __name__ == "__main__":
    main()
