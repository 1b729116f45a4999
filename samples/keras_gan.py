"""Two networks play against each other until one of them draws points on a circle (Goodfellow et al., 2014).

The discriminator learns to tell real points from drawn ones, the generator to be taken for real; a step of training
is one of each, in a `train_step` of the model's own.
"""
import numpy as np

import graphengine as tf
from graphengine import keras
from graphengine.keras import layers

NOISE = 8


def network(inputs, outputs, name):
    return keras.Sequential([
        keras.Input(shape=(inputs,)),
        layers.Dense(64), layers.LeakyReLU(negative_slope=0.2),
        layers.Dense(64), layers.LeakyReLU(negative_slope=0.2),
        layers.Dense(outputs),
    ], name=name)


class Gan(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator = network(NOISE, 2, "generator")
        self.discriminator = network(2, 1, "discriminator")

    def compile(self, **settings):
        super().compile(**settings)
        self.generator_optimizer = keras.optimizers.Adam(0.001, beta_1=0.5)
        self.discriminator_optimizer = keras.optimizers.Adam(0.002, beta_1=0.5)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.right = keras.losses.BinaryCrossentropy(from_logits=True)

    def call(self, noise):
        return self.generator(noise)

    def train_step(self, real):
        noise = tf.random.normal([tf.shape(real)[0], NOISE])
        with tf.GradientTape(persistent=True) as tape:
            drawn = self.generator(noise)
            of_real, of_drawn = self.discriminator(real), self.discriminator(drawn)
            yes, no = tf.ones_like(of_drawn), tf.zeros_like(of_drawn)
            told_apart = self.right(0.9 * yes, of_real) + self.right(no, of_drawn)
            taken_for_real = self.right(yes, of_drawn)
        for loss, part, optimizer in ((told_apart, self.discriminator, self.discriminator_optimizer),
                                      (taken_for_real, self.generator, self.generator_optimizer)):
            weights = part.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return {"discriminator": told_apart, "generator": taken_for_real}


def build():
    gan = Gan()
    gan(np.zeros((1, NOISE), "float32"))
    gan.compile()
    return gan


def circle(count, random):
    """Points beside a circle of radius 1."""
    angle = random.uniform(0, 2 * np.pi, count)
    radius = random.normal(1, 0.03, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype("float32")


def main():
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    gan = build()
    gan.fit(circle(6400, random), batch_size=64, epochs=60, verbose=0)
    points = gan.predict(random.normal(size=(2000, NOISE)).astype("float32"), verbose=0)
    radius, angle = np.hypot(*points.T), np.arctan2(*points.T)
    shares = np.histogram(angle, 8, (-np.pi, np.pi))[0] / len(points)
    print(f"mean distance from the circle: {np.abs(radius - 1).mean():.3f}")
    print(f"share of the points in the emptiest eighth: {shares.min():.3f}")


if __name__ == "__main__":
    main()
