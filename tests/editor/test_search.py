"""What is typed finds what was meant, and the best answer comes first."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.model.catalog import Kind
from editor.model.kinds import catalog
from editor.search.fuzzy import Part, match, match_parts, rank, word_starts
from editor.search.kinds import RECENT, Preferences, rank_kinds


def kind(title: str, category: str = "Math", summary: str = "", words: tuple[str, ...] = ()) -> Kind:
    return Kind(f"op/{title.lower()}", title, "Ops", category, (), (), (), summary, "", words)


def score(query: str, text: str) -> float:
    found = match(query, text)
    assert found is not None, f"{query!r} does not find {text!r}"
    return found.score


def test_better_matches_score_higher() -> None:
    order = [score("add", text) for text in ("Add", "AddN", "BiasAdd", "ladder", "advanced")]
    assert order == sorted(order, reverse=True)
    assert len(set(order)) == len(order)


@pytest.mark.parametrize("query, text, places", [
    ("mm", "MatMul", (0, 3)),
    ("matm", "MatMul", (0, 1, 2, 3)),
    ("c2", "Conv2D", (0, 4)),
    ("rs", "reduce_sum", (0, 7)),
    ("sum", "reduce_sum", (7, 8, 9)),
    ("scc", "SparseCategoricalCrossentropy", (0, 6, 17)),
    ("ensity", "Density", (1, 2, 3, 4, 5, 6)),
    ("sgd", "SGD", (0, 1, 2)),
    ("sftmx", "softmax", (0, 2, 3, 4, 6)),
])
def test_the_characters_that_answer_are_marked(query: str, text: str, places: tuple[int, ...]) -> None:
    found = match(query, text)
    assert found is not None
    assert found.places == places


@pytest.mark.parametrize("query, text", [("xyz", "MatMul"), ("lum", "MatMul"), ("ab", "a" + "x" * 50 + "b"), ("a", "")])
def test_others_do_not_match(query: str, text: str) -> None:
    assert match(query, text) is None


def test_sentences_are_not_searched_for_scattered_letters() -> None:
    assert match("pdtw", "Product of two matrices") is not None
    assert match("pdtw", "Product of two matrices", loose=False) is None
    assert match("matrices", "Product of two matrices", loose=False) is not None


def test_every_word_has_to_be_found_in_one_part_or_another() -> None:
    parts = (Part("MatMul"), Part("Linear algebra", 0.5, loose=False))
    assert match_parts("linear mat", parts) is not None
    assert match_parts("linear relu", parts) is None


def test_words_begin_after_signs_at_capitals_and_at_digits() -> None:
    assert word_starts("Conv2DTranspose") == {0, 4, 5, 6}
    assert word_starts("reduce_sum x/y") == {0, 7, 11, 13}


@given(st.text(max_size=12), st.text(max_size=30))
def test_marked_characters_are_those_typed(query: str, text: str) -> None:
    found = match(query, text)
    if found and query and query.isascii() and text.isascii():
        assert "".join(text[k] for k in found.places).lower() == query.lower()
        assert list(found.places) == sorted(set(found.places))


@given(st.text(alphabet="aA_1", max_size=60), st.text(alphabet="aA_1", max_size=200))
def test_repetitive_texts_are_answered_at_once(query: str, text: str) -> None:
    match(query, text)


def test_equal_answers_keep_their_order() -> None:
    assert [t for t, _ in rank("", ["c", "a", "b"], lambda t: (Part(t),))] == ["c", "a", "b"]


def test_scattered_letters_count_only_where_nothing_better_is_found() -> None:
    names = ["Relu", "LeakyRelu", "Squareplus"]
    assert [t for t, _ in rank("relu", names, lambda t: (Part(t),))] == ["Relu", "LeakyRelu"]
    assert [t for t, _ in rank("sqrpls", names, lambda t: (Part(t),))] == ["Squareplus"]


def test_kinds_are_found_by_title_words_category_and_summary() -> None:
    kinds = [kind("Add"), kind("Relu", "Activation", "Rectifier: x where it is positive."),
             kind("Multiply", words=("mul", "*"))]
    preferences = Preferences()
    for query, wanted in {"rel": "Relu", "activ": "Relu", "rectif": "Relu", "*": "Multiply", "ml": "Multiply"}.items():
        assert rank_kinds(query, kinds, preferences)[0][0].title == wanted


def test_a_constant_is_found_by_its_name() -> None:
    assert rank_kinds("constant", catalog().values(), Preferences())[0][0].key == "op/const"


def test_favourites_and_recent_kinds_come_first_among_alike() -> None:
    kinds = [kind("Conv1D"), kind("Conv2D"), kind("Conv3D")]
    preferences = Preferences()
    preferences.use("op/conv3d")
    preferences.toggle("op/conv2d")
    assert [k.title for k, _ in rank_kinds("conv", kinds, preferences)] == ["Conv2D", "Conv3D", "Conv1D"]
    assert [k.title for k, _ in rank_kinds("", kinds, preferences)] == ["Conv2D", "Conv3D", "Conv1D"]
    assert rank_kinds("conv1d", kinds, preferences)[0][0].title == "Conv1D"


def test_preferences_are_kept_and_announced() -> None:
    memory: dict[str, object] = {"favorite_kinds": "broken"}
    preferences = Preferences(memory)
    told: list[str] = []
    preferences.listeners.append(lambda: told.append("x"))
    assert preferences.favorites == []
    preferences.toggle("op/add")
    assert Preferences(memory).favorites == ["op/add"]
    preferences.toggle("op/add")
    assert preferences.favorites == []
    for k in range(RECENT + 3):
        preferences.use(f"op/{k}")
    preferences.use("op/5")
    assert preferences.recent[0] == "op/5"
    assert len(preferences.recent) == RECENT
    assert len(told) == 2 + RECENT + 4
