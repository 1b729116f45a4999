"""`tf.compat`'s functions of texts and bytes, and what programs of TensorFlow 1 run for tables."""
from pathlib import Path

import pytest

import graphengine as tf
from graphengine import compat


def test_texts_and_bytes():
    assert compat.as_text(b"\xc3\xa4") == compat.as_str("ä") == "ä" and compat.as_bytes("ä") == b"\xc3\xa4"
    assert compat.as_bytes(bytearray(b"a")) == b"a" and compat.as_text("ä".encode("latin-1"), "latin-1") == "ä"
    assert compat.as_str_any(3) == "3" and compat.as_str_any(b"b") == "b"
    assert compat.path_to_str(Path("a") / "b") == str(Path("a") / "b") and compat.path_to_str(3) == 3
    assert isinstance("a", compat.bytes_or_text_types) and isinstance(b"a", compat.bytes_or_text_types)


@pytest.mark.parametrize("call", [compat.as_text, compat.as_bytes])
def test_numbers_are_no_texts(call):
    with pytest.raises(TypeError, match="got 3"):
        call(3)


def test_programs_may_initialize_tables():
    v1 = compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("v", [2])
        both = [v1.global_variables_initializer(), v1.tables_initializer(), v1.initializers.tables_initializer()]
        assert session.run(both) == [None] * 3
