"""Iris in Keras, the program that people know: four lengths, four hidden units, three species."""
from graphengine import keras
from graphengine.keras import layers


def build():
    model = keras.Sequential([
        keras.Input(shape=(4,)),
        layers.Dense(4, activation="sigmoid"),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.1, momentum=0.9), loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def main():
    keras.utils.set_random_seed(0)
    (x, species), (x_test, species_test) = keras.datasets.iris.load_data(test_split=0.3)
    model = build()
    model.fit(x, keras.utils.to_categorical(species, 3), batch_size=15, epochs=1000, verbose=0)
    _, accuracy = model.evaluate(x_test, keras.utils.to_categorical(species_test, 3), verbose=0)
    print(f"test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
