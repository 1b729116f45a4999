"""An autoencoder keeps four numbers of a digit's 64 pixels and draws the digit again from them.

The best that can be done without bends is known: the first four principal components. Two hidden layers do better.
"""
import numpy as np

from graphengine import keras
from graphengine.keras import layers

CODE = 4


def build():
    """The whole model, and the half that draws."""
    pixels = keras.Input(shape=(64,))
    code = layers.Dense(CODE, name="code")(layers.Dense(64, activation="relu")(pixels))
    kept = keras.Input(shape=(CODE,))
    drawn = layers.Dense(64, activation="sigmoid")(layers.Dense(64, activation="relu")(kept))
    decoder = keras.Model(kept, drawn, name="decoder")
    model = keras.Model(pixels, decoder(code))
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse")
    return model, decoder


def error_of_components(x, x_test):
    """Mean squared error of the principal components of `x` on other digits."""
    mean = x.mean(0)
    _, _, axes = np.linalg.svd(x - mean, full_matrices=False)
    kept = (x_test - mean) @ axes[:CODE].T
    return np.square(kept @ axes[:CODE] + mean - x_test).mean()


def main():
    keras.utils.set_random_seed(0)
    (x, _), (x_test, _) = keras.datasets.digits.load_data()
    x, x_test = (part.reshape(-1, 64).astype("float32") / 16 for part in (x, x_test))
    model, _ = build()
    model.fit(x, x, epochs=150, verbose=0)
    print(f"error of {CODE} principal components: {error_of_components(x, x_test):.4f}")
    print(f"error of the autoencoder: {model.evaluate(x_test, x_test, verbose=0):.4f}")
    for row in np.hstack([pair.reshape(8, 8) for pair in (x_test[0], model.predict(x_test[:1], verbose=0))]):
        print("".join(" .:-=+*#%@"[int(9.99 * ink)] for ink in row))


if __name__ == "__main__":
    main()
