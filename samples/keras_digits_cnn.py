"""Convolutions read the same digits as keras_digits.py with fewer weights, and more of them right."""
from graphengine import keras
from graphengine.keras import layers


def build():
    model = keras.Sequential([
        keras.Input(shape=(8, 8)),
        layers.Rescaling(1 / 16),
        layers.Reshape((8, 8, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same"),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(10, activation="softmax"),
    ])
    rate = keras.optimizers.schedules.CosineDecay(initial_learning_rate=0.005, decay_steps=20 * 45)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = keras.datasets.digits.load_data()
    model = build()
    model.fit(x, y, epochs=20, verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"weights: {model.count_params():,}, test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
