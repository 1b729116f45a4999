"""The version of this package, where programs look for TensorFlow's."""

VERSION = "0.1.0"
