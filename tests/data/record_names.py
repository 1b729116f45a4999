"""Writes the public names of TensorFlow and Keras, a namespace a line, as `graphengine.frontend.absent` reads them.

    python tests/data/record_names.py > graphengine/frontend/tensorflow_names.txt   # with TensorFlow 2.21 and Keras 3.15

Left out are names of TensorFlow 1 that today's surface has too, those inside raw_ops, modules under a second name, and what a module
of TensorFlow happens to have imported. TensorFlow's lazy modules for `layers` and `rnn_cell` want Keras 2: their names
are those of its API documents.
"""
import sys
import types

LEGACY = {
    "compat.v1.layers.": """
        AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Conv1D Conv2D Conv2DTranspose Conv3D
        Conv3DTranspose Dense Dropout Flatten InputSpec Layer MaxPooling1D MaxPooling2D MaxPooling3D SeparableConv1D
        SeparableConv2D average_pooling1d average_pooling2d average_pooling3d batch_normalization conv1d conv2d
        conv2d_transpose conv3d conv3d_transpose dense dropout flatten max_pooling1d max_pooling2d max_pooling3d
        separable_conv1d separable_conv2d
    """,
    "compat.v1.nn.rnn_cell.": """
        BasicLSTMCell BasicRNNCell DeviceWrapper DropoutWrapper GRUCell LSTMCell LSTMStateTuple MultiRNNCell RNNCell
        ResidualWrapper
    """,
}
SECOND = ("compat.v2", "compat.v1.compat", "compat.v1.keras", "compat.v1.raw_ops", "raw_ops",
          "keras.applications.", "compat.v1.app.flags", "compat.v1.flags.tf_decorator", "dtensor.proto.layout_pb2")
FOREIGN = ("python", "core", "tools", "compiler", "security", "include")


def names_of(module, prefix, above, found):
    """Add the names of a module and those below it to `found`, by namespace."""
    for name in dir(module):
        path = f"{prefix}{name}"
        if name.startswith("_") or name in FOREIGN:
            continue
        value = getattr(module, name)
        if isinstance(value, types.ModuleType):
            try:
                home = value.__name__
            except AttributeError:                      # a lazy one, which is loaded by its name or wants Keras 2
                home, value = f"tensorflow.{path}", sys.modules.get(f"tensorflow.{path}")
            is_public = value is not None and ("keras" in home or "tensorflow" in home)
            if path == "raw_ops":
                found.setdefault(prefix, []).append(name)
            elif is_public and value not in above and not path.startswith(SECOND):
                names_of(value, f"{path}.", [*above, value], found)
        else:
            found.setdefault(prefix, []).append(name)


def main():
    import tensorflow

    found = {}
    names_of(tensorflow, "", [tensorflow], found)
    found |= {space: sorted(names.split()) for space, names in LEGACY.items()}
    for space, names in sorted(found.items()):
        old = found.get(space.removeprefix("compat.v1."), ()) if space.startswith("compat.v1.") else ()
        own = [name for name in sorted(set(names)) if name not in old]
        if own:
            print(space or ".", *own)


if __name__ == "__main__":
    main()
