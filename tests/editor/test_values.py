"""Attribute values as text: what is written is read back, and what cannot be read says why."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from editor.model.catalog import REQUIRED, Field
from editor.model.items import Card
from editor.model.kinds import catalog
from editor.model.values import (
    array_form,
    array_of,
    interval_text,
    is_array,
    read,
    read_array,
    value_of,
    written,
)


def field(form: str, **rest: Any) -> Field:
    return Field("f", "", form, **rest)


@pytest.mark.parametrize("form, value, text", [
    ("bool", True, "True"),
    ("int", -3, "-3"),
    ("float", 0.001, "0.001"),
    ("float", 1e-7, "1e-7"),
    ("float", "inf", "inf"),
    ("text", "a b", "a b"),
    ("dtype", "int64", "int64"),
    ("shape", [None, 784], "(?, 784)"),
    ("shape", [128], "(128,)"),
    ("shape", [], "()"),
    ("shape", None, "?"),
    ("sizes", 3, "3"),
    ("sizes", [3], "(3,)"),
    ("sizes", [-1, 8, 8, 1], "(-1, 8, 8, 1)"),
    ("array", {"dtype": "float32", "shape": [], "values": [2.5]}, "2.5"),
    ("array", {"dtype": "int32", "shape": [2, 2], "values": [1, 2, 3, 4]}, "[[1, 2], [3, 4]]"),
    ("array", {"dtype": "float32", "shape": [2], "values": ["nan", 1.0]}, "[nan, 1.0]"),
    ("array", {"dtype": "bool", "shape": [2], "values": [True, False]}, "[true, false]"),
    ("array", {"dtype": "float32", "shape": [0], "values": []}, "[]"),
    ("json", {"a": [1, None]}, '{"a": [1, null]}'),
    ("json", [1, 2], "[1, 2]"),
    ("json", "same", "same"),
])
def test_what_is_written_is_read_back(form: str, value: Any, text: str) -> None:
    assert written(value, form) == text
    assert read(text, field(form)) == value


@pytest.mark.parametrize("dtype, value, text", [
    ("float32", float(np.float32(1e-9)), "1e-9"), ("float16", float(np.float16(0.1)), "0.1"),
    ("float64", float(np.float32(1e-9)), "9.999999717180685e-10"), ("float32", 3e38, "3e38"),
])
def test_numbers_have_the_digits_of_their_dtype(dtype: str, value: float, text: str) -> None:
    assert written({"dtype": dtype, "shape": [], "values": [value]}, "array") == text


@pytest.mark.parametrize("value", [
    {"dtype": "float64", "shape": [], "values": 1.5}, {"dtype": "float64", "shape": [2], "values": [1.5]},
    {"dtype": "float64", "shape": 2, "values": [1, 2]}, {"dtype": "float64", "shape": [-1], "values": []},
    {"dtype": 3, "shape": [], "values": [1]}, {"dtype": "float64", "shape": [1], "values": [[1]]},
    {"dtype": "float64", "shape": []},
])
def test_what_is_no_array_is_written_as_it_is(value: Any) -> None:
    assert not is_array(value)
    assert read(written(value, "array"), field("json")) == value


@pytest.mark.parametrize("form, text, value", [
    ("shape", "None, 784", [None, 784]),
    ("shape", "[?, 28, 28]", [None, 28, 28]),
    ("shape", "28x28", [28, 28]),
    ("shape", "-1, 3", [None, 3]),
    ("sizes", "2, 2", [2, 2]),
    ("int", "1_000", 1000),
    ("bool", "no", False),
    ("array", "[1., .5]", {"dtype": "float32", "shape": [2], "values": [1.0, 0.5]}),
    ("array", "(1, 2,)", {"dtype": "int32", "shape": [2], "values": [1, 2]}),
    ("json", "(1, 'x')", [1, "x"]),
    ("json", "True", True),
    ("float", "-Infinity", "-inf"),
])
def test_other_spellings_are_read(form: str, text: str, value: Any) -> None:
    assert read(text, field(form)) == value


@pytest.mark.parametrize("given, text, says", [
    (field("int"), "1.5", "not a whole number"),
    (field("int", low=1), "0", "0 is less than 1"),
    (field("float", low=0, high=1), "2", "outside 0 to 1"),
    (field("float"), "one", "not a number"),
    (field("bool"), "maybe", "neither true nor false"),
    (field("choice", choices=("same", "valid")), "full", "none of same, valid"),
    (field("dtype"), "float33", "no dtype"),
    (field("shape"), "(a, 3)", "not a size"),
    (field("shape"), "(-2, 3)", "negative"),
    (field("array"), "[[1], [2, 3]]", "differ in length"),
    (field("array"), '["a"]', "not a number"),
    (field("array"), "[" * 5000, "not an array"),
    (field("array"), "[1" + ", 1" * 2000 + "]", "at most 1024"),
    (field("json"), "{1", "not JSON"),
    (field("text"), "x" * 300_000, "at most 200000"),
])
def test_what_cannot_be_read_says_why(given: Field, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read(text, given)


def test_none_stands_for_a_value_only_where_it_may() -> None:
    assert read("None", field("int", optional=True)) is None
    assert read("", field("dtype", optional=True)) is None
    assert written(None, "int") == "None"
    with pytest.raises(ValueError, match="whole number"):
        read("None", field("int"))


def test_large_arrays_show_dtype_and_shape() -> None:
    assert written({"dtype": "float32", "shape": [64, 256], "array": "w"}, "array") == "float32 (64, 256)"


def test_an_array_keeps_its_dtype() -> None:
    assert read_array("[1, 2]", "float64")["dtype"] == "float64"
    with pytest.raises(ValueError, match="fractions"):
        read_array("[1.5]", "int32")
    with pytest.raises(ValueError, match="outside int8"):
        read_array("[300]", "int8")


def test_arrays_go_there_and_back() -> None:
    array = np.array([[1.5, np.inf], [np.nan, -2]], np.float32)
    found = array_of(array_form(array), {})
    assert found is not None
    np.testing.assert_array_equal(found, array)
    assert array_of({"dtype": "float32", "shape": [2, 2], "array": "w"}, {"w": array}) is array
    assert array_of({"dtype": "float32", "shape": [2, 2], "array": "v"}, {"w": array}) is None


def test_a_card_has_its_own_value_or_the_default() -> None:
    card = Card("a", "layer/x", {"units": 3})
    assert value_of(card, field("int", default=1)) == 1
    assert value_of(card, Field("units", "", "int")) == 3
    assert value_of(card, field("int")) is REQUIRED
    assert written(REQUIRED, "int") == ""


def test_intervals_in_words() -> None:
    assert interval_text(field("float", low=0, high=1)) == "0 to 1"
    assert interval_text(field("int", low=1)) == "at least 1"
    assert interval_text(field("int", high=8)) == "at most 8"
    assert interval_text(field("int")) == ""


def test_what_a_layer_needs_a_number_of_is_at_least_one() -> None:
    for key, name in (("layer/Dense", "units"), ("layer/Conv2D", "filters"), ("layer/LSTM", "units")):
        found = catalog()[key].field(name)
        assert found is not None and found.low == 1
        with pytest.raises(ValueError, match="0 is less than 1"):
            read("0", found)
