"""The Mandelbrot set as a picture: z = z * z + c for 240,000 numbers c at once, 200 times.

The whole step is one kernel, and the loop over the steps runs inside compiled code.
"""
import struct
import sys
import zlib

import numpy as np

import graphengine as tf

WIDTH, HEIGHT, STEPS = 600, 400, 200


def build():
    """One step for every pixel; `count` says after how many z has left the circle of radius 2."""
    with tf.Graph().as_default() as graph:
        real = tf.constant(np.linspace(-2.2, 0.8, WIDTH, dtype="float32"), name="real")
        imaginary = tf.constant(np.linspace(1, -1, HEIGHT, dtype="float32").reshape(-1, 1), name="imaginary")
        x = tf.Variable(tf.zeros([HEIGHT, WIDTH]), name="x")
        y = tf.Variable(tf.zeros([HEIGHT, WIDTH]), name="y")
        count = tf.Variable(tf.zeros([HEIGHT, WIDTH]), name="count")
        inside = x * x + y * y <= 4
        tf.group(
            x.assign(tf.where(inside, x * x - y * y + real, x)),
            y.assign(tf.where(inside, 2 * x * y + imaginary, y)),
            count.assign_add(tf.cast(inside, tf.float32)),
            name="step",
        )
        tf.cast(255 * (1 - tf.sqrt(count / STEPS)), tf.int32, name="gray")
    return graph


def png(gray):
    """A gray picture (rows, columns; 0 is black, 255 white) as the bytes of a PNG file."""
    rows, columns = gray.shape

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = np.hstack([np.zeros((rows, 1), "uint8"), gray.astype("uint8")])   # each line starts with its filter, none
    header = struct.pack(">2I5B", columns, rows, 8, 0, 0, 0, 0)
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines)),
                     chunk(b"IEND", b"")])


def main(path="mandelbrot.png"):
    with build().as_default(), tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run_steps("step", steps=STEPS)
        gray, count = session.run(["gray", "count"])
    with open(path, "wb") as file:
        file.write(png(gray))
    area = 3 * 2 * np.mean(count == STEPS)
    print(f"area of the set: {area:.3f} (1.507 is known), picture: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
