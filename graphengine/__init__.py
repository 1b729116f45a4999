"""A computation engine for static dataflow graphs with TensorFlow's programming model."""
