"""Newton's method, whose second derivatives are gradients of gradients.

Rosenbrock's banana-shaped valley (1 - x)^2 + 100 (y - x^2)^2 has its lowest point at (1, 1), where the second
derivatives are 802, -400 and 200. Gradient descent needs thousands of steps along the valley, Newton six.
"""
import graphengine as tf


def build():
    """The function, its derivatives, and the step to where its parabola is lowest."""
    with tf.Graph().as_default() as graph:
        x = tf.Variable(-1.2, dtype=tf.float64, name="x")
        y = tf.Variable(1.0, dtype=tf.float64, name="y")
        f = tf.add(tf.square(1 - x), 100 * tf.square(y - tf.square(x)), name="f")
        fx, fy = tf.gradients(f, [x, y])
        fxx, fxy = tf.gradients(fx, [x, y])
        _, fyy = tf.gradients(fy, [x, y])
        tf.reshape(tf.stack([fxx, fxy, fxy, fyy]), [2, 2], name="hessian")
        determinant = fxx * fyy - fxy * fxy
        tf.group(
            x.assign_sub((fyy * fx - fxy * fy) / determinant),
            y.assign_sub((fxx * fy - fxy * fx) / determinant),
            name="step",
        )
    return graph


def main():
    with build().as_default(), tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for k in range(7):
            x, y, f = session.run(["x", "y", "f"])
            print(f"step {k}: f({x:.6f}, {y:.6f}) = {f:.3e}")
            session.run("step")
        print("second derivatives:", session.run("hessian").round(6).tolist())


if __name__ == "__main__":
    main()
