"""Two hidden layers read handwritten digits of 8 by 8 pixels, and stop training when it helps no more."""
from graphengine import keras
from graphengine.keras import layers


def build():
    model = keras.Sequential([
        keras.Input(shape=(8, 8)),
        layers.Rescaling(1 / 16),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = keras.datasets.digits.load_data()
    model = build()
    patience = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
    history = model.fit(x, y, epochs=60, validation_split=0.1, callbacks=[patience], verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"weights: {model.count_params():,}, epochs: {len(history.epoch)}, test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
