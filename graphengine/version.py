"""The version of this package, where programs look for TensorFlow's."""

VERSION = "0.1.0"
GIT_VERSION = f"v{VERSION}"
COMPILER_VERSION = "Python"                 # this package is written in it; kernels are compiled by LLVM

