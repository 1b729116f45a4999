"""Layers for images draw Keras's numbers and do what Keras's do; they work in models, in Datasets and in files."""
from __future__ import annotations

import importlib.util
import json
import pathlib

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.keras import layers

HERE = pathlib.Path(__file__).parent


def _module(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lc, ic = _module("layer_cases"), _module("image_cases")
RECORDED = json.loads((HERE / "images.json").read_text())
RUN = [c for c in ic.CASES if not c["given"]]
GIVEN = [c for c in ic.CASES if c["given"]]


def made(case):
    return getattr(layers, case["layer"])(**case["arguments"])


def assert_like(found, recorded):
    print_of, values = lc.fingerprint(found), np.asarray(found, np.float64)
    scale = max(1.0, float(np.abs(values).max(initial=0.0)))
    assert print_of["shape"] == recorded["shape"]
    np.testing.assert_allclose(print_of["first"], recorded["first"], rtol=1e-4, atol=1e-4 * scale)
    many = max(8, values.size**0.5)
    np.testing.assert_allclose(print_of["sums"], recorded["sums"], rtol=1e-4, atol=2e-5 * scale * many)


@pytest.mark.parametrize("case", RUN, ids=lambda c: c["id"])
def test_values(case):
    """Twice in training, which is what a call is that does not say, and once not."""
    layer = made(case)
    for options, expected in zip(({}, {}, {"training": False}), RECORDED[case["id"]]["runs"], strict=True):
        parts = ic.parts_of(layer(ic.inputs_of(case), **options))
        assert {*parts} == {*expected}
        for name, x in parts.items():
            assert_like(x, expected[name])


@pytest.mark.parametrize("case", GIVEN, ids=lambda c: c["id"])
def test_values_for_what_was_drawn(case):
    layer, recorded = made(case), RECORDED[case["id"]]
    drawn = {name: tf.constant(np.array(x["value"], x["dtype"])) for name, x in recorded["drawn"].items()}
    own = layer.get_random_transformation(ic.inputs_of(case))
    assert {*own} == {*drawn}
    assert_like(layer.transform_images(tf.constant(ic.inputs_of(case)), drawn), recorded["images"])
    assert_like(layer.transform_labels(tf.eye(3), drawn), recorded["labels"])


# AugMix chooses its chains by Python's own numbers, and changes of a batch at once.
LAYERS = {c["layer"]: c for c in reversed(ic.CASES) if c["data"] in (None, "dict")}
IMAGES = tf.constant(ic.pictures())


def equal_pair(name):
    """Two layers that go through the same numbers."""
    return tuple(made(LAYERS[name]) for _ in range(2))


@pytest.mark.parametrize("name", LAYERS)
def test_in_a_function_on_batches_of_any_size(name):
    eager, traced = equal_pair(name)

    @tf.function(input_signature=[tf.TensorSpec([None, 6, 8, 3], tf.float32)])
    def change(x):
        return traced(x)

    for _ in range(2):
        np.testing.assert_allclose(change(IMAGES), eager(IMAGES), rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize("name", LAYERS)
def test_in_a_model(name, monkeypatch):
    """Training changes images, prediction leaves them."""
    monkeypatch.setenv("GRAPHENGINE_TIER", "interpreter")       # the kernels are those of the functions before
    layer = made(LAYERS[name])
    model = keras.Sequential([keras.Input((6, 8, 3)), layer, layers.GlobalAveragePooling2D(), layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(ic.pictures(), np.ones((3, 1)), epochs=2, batch_size=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    features = keras.Model(model.inputs, layer.output)
    expected = layer(IMAGES, training=False)
    np.testing.assert_allclose(features.predict(ic.pictures(), verbose=0), expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("name", [*LAYERS, "AugMix", "RandomRotation"])
def test_saved(name, tmp_path):
    layer = made(LAYERS[name]) if name in LAYERS else getattr(layers, name)()
    model = keras.Sequential([keras.Input((6, 8, 3)), layer])
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras").layers[0]
    assert json.loads(json.dumps(again.get_config())) == json.loads(json.dumps(layer.get_config()))


def test_in_a_dataset():
    flip, same = equal_pair("RandomFlip")
    data = tf.data.Dataset.from_tensor_slices(ic.pictures((8, 6, 8, 3))).batch(4).map(lambda x: flip(x, training=True))
    for found, batch in zip(data, np.split(ic.pictures((8, 6, 8, 3)), 2), strict=True):
        np.testing.assert_array_equal(found, same(batch))


def test_gradients_go_through():
    rotation = layers.RandomRotation(0.2, seed=3)
    with tf.GradientTape() as tape:
        tape.watch(IMAGES)
        total = tf.reduce_sum(rotation(IMAGES))
    gradient = tape.gradient(total, IMAGES)
    assert gradient.shape == IMAGES.shape and float(tf.reduce_sum(gradient)) == pytest.approx(3 * 6 * 8 * 3, rel=1e-4)


def test_models_leave_images_unless_they_train():
    flip = layers.RandomFlip(seed=3)
    model = keras.Sequential([flip])
    assert not np.array_equal(model(IMAGES), IMAGES)            # as in Keras, where nobody says
    np.testing.assert_array_equal(model(IMAGES, training=False), IMAGES)
    np.testing.assert_array_equal(model.predict(ic.pictures(), verbose=0), IMAGES)


def test_augmix_is_a_mean_within_the_range():
    layer = layers.AugMix(seed=1)
    found = layer(IMAGES).numpy()
    assert found.shape == IMAGES.shape and found.min() >= 0 and found.max() <= 255
    assert not np.array_equal(found, layer(IMAGES))
    drawn = layer.get_random_transformation(IMAGES)
    assert float(tf.reduce_sum(drawn["chain_mixing_weights"])) == pytest.approx(1.0, rel=1e-6)
    nothing = {**drawn, "chain_transforms": [[], [], []]}
    np.testing.assert_allclose(layer.transform_images(IMAGES, nothing), IMAGES, rtol=1e-5)


def test_pipeline():
    pipeline = layers.Pipeline([layers.RandomFlip(seed=4), layers.Rescaling(1 / 255)])
    np.testing.assert_allclose(pipeline(IMAGES), layers.RandomFlip(seed=4)(IMAGES) / 255, rtol=1e-6)
    np.testing.assert_allclose(pipeline(IMAGES, training=False), IMAGES / 255, rtol=1e-6)
    again = layers.Pipeline.from_config(json.loads(json.dumps(pipeline.get_config())))
    assert [type(layer).__name__ for layer in again.layers] == ["RandomFlip", "Rescaling"]


@pytest.mark.parametrize("make, said", [
    (lambda: layers.RandomFlip("diagonal"), "horizontal"), (lambda: layers.RandomRotation(2.0), r"\[-1, 1\]"),
    (lambda: layers.RandomRotation(0.1, fill_mode="mirror"), "reflect, wrap"),
    (lambda: layers.RandomZoom(-1.0), r"\(-1, 1\]"), (lambda: layers.RandomTranslation(0.1, 1.5), "width_factor"),
    (lambda: layers.RandomShear(-0.1), r"\[0, 1\]"), (lambda: layers.RandomBrightness(0.1, (1, 2, 3)), "two numbers"),
    (lambda: layers.RandomPosterization(0), r"\[1, 8\]"), (lambda: layers.RandomGaussianBlur(kernel_size=4), "odd"),
    (lambda: layers.RandomErasing(fill_value=[1, 2]), "three numbers"),
    (lambda: layers.RandomPerspective(scale=2), "scale"),
    (lambda: layers.RandomFlip()(tf.ones([2, 3])), "one image without the first axis"),
    (lambda: layers.RandomFlip()(ic.inputs_of({"data": "dict"})), "bounding_box_format='xyxy'"),
    (lambda: layers.CutMix(bounding_box_format="xyxy")(ic.inputs_of({"data": "dict"})), "do not go along"),
])
def test_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_masks_are_drawn_over_images():
    """Values of Keras 3.15."""
    images, masks = ic.pictures((1, 2, 3, 3)), np.array([[0, 1, 2], [-1, 1, 3]]).reshape(1, 2, 3, 1)
    found = keras.visualization.draw_segmentation_masks(images, masks, num_classes=3, alpha=0.5)
    assert found.dtype == np.uint8
    assert found.tolist() == [[[[78, 101, 60], [104, 161, 88], [122, 216, 120]],
                               [[251, 160, 212], [117, 138, 132], [198, 151, 236]]]]
    first = keras.visualization.draw_segmentation_masks(images.transpose(0, 3, 1, 2), masks.transpose(0, 3, 1, 2), 3,
                                                        alpha=0.5, data_format="channels_first")
    np.testing.assert_array_equal(first, found)
    own = keras.visualization.draw_segmentation_masks(images, masks, 1, {0: (9, 8, 7)}, blend=False)
    assert own[0, 0, 0].tolist() == [9, 8, 7] and own[0, 0, 1].tolist() == images[0, 0, 1].tolist()
    with pytest.raises(TypeError, match="whole numbers"):
        keras.visualization.draw_segmentation_masks(images, masks * 1.0)
    with pytest.raises(AttributeError, match="matplotlib"):
        keras.visualization.plot_image_gallery


@pytest.mark.parametrize("factor, step", [(1, 128), ((3, 3), 32)])
def test_posterization_with_one_number_of_bits(factor, step):
    found = layers.RandomPosterization(factor)(IMAGES, training=True)
    np.testing.assert_array_equal(found, np.floor(IMAGES) // step * step)
