"""An LSTM learns whether a sentence praises or blames, though "not" and "hardly" turn a word around.

The sentences are made by a small grammar, so what is right is known. A sum over words, without their order, cannot
do it: the words of "good, not bad" and "bad, not good" are the same.
"""
import numpy as np

from graphengine import keras
from graphengine.keras import layers

PRAISE = ["good", "great", "lovely", "clever", "warm", "funny"]
BLAME = ["bad", "dull", "cold", "clumsy", "sad", "awful"]
TURN = ["not", "hardly"]
FILL = ["the", "film", "was", "it", "plot", "acting", "and", "but", "very", "a", "so"]
WORDS = ["", *PRAISE, *BLAME, *TURN, *FILL]         # the first stands for no word, after the end of a sentence
LENGTH = 12


def sentences(count, random):
    """Numbers of words (count, LENGTH), and whether each sentence praises more than it blames."""
    numbers, praises = np.zeros((count, LENGTH), "int32"), np.zeros(count, "int32")
    for k in range(count):
        words, score = [], 0
        while len(words) < LENGTH - 5 or score == 0:
            if len(words) > LENGTH - 3:
                words, score = [], 0
            words += random.choice(FILL, random.integers(0, 3)).tolist()
            is_praise, is_turned = random.random(2) < 0.5
            words += [*([random.choice(TURN)] if is_turned else []), random.choice(PRAISE if is_praise else BLAME)]
            score += 1 if is_praise != is_turned else -1
        words = words[:LENGTH]
        numbers[k, :len(words)] = [WORDS.index(word) for word in words]
        praises[k] = score > 0
    return numbers, praises


def build(order=True):
    """With an LSTM, or without regard to the order of the words."""
    model = keras.Sequential([
        keras.Input(shape=(LENGTH,), dtype="int32"),
        layers.Embedding(len(WORDS), 8, mask_zero=True),
        layers.LSTM(24) if order else layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x, y = sentences(3000, random)
    x_test, y_test = sentences(1000, random)
    for label, order in (("with an LSTM", True), ("without order", False)):
        model = build(order)
        model.fit(x, y, batch_size=64, epochs=12, verbose=0)
        _, accuracy = model.evaluate(x_test, y_test, verbose=0)
        print(f"test accuracy {label}: {accuracy:.3f}")
        if order:
            for text in ("the film was good but not funny and hardly clever", "it was not bad"):
                numbers = np.zeros((1, LENGTH), "int32")
                numbers[0, :len(text.split())] = [WORDS.index(word) for word in text.split()]
                print(f"  {text}: {'praise' if model(numbers).numpy().item() > 0.5 else 'blame'}")


if __name__ == "__main__":
    main()
