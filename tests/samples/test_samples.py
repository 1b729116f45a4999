"""Every sample: its number, its saved graph byte for byte, and that the saved graph runs like the built one."""

import importlib.util
import itertools
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import scipy.cluster.vq
import scipy.optimize

import graphengine as tf

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "samples"
NAMES = sorted(file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("keras_"))    # with a graph
TRAINED = [name for name in NAMES if '"train":' in (FOLDER / f"{name}.graph.json").read_text(encoding="utf8")]


def sample(name):
    spec = importlib.util.spec_from_file_location(f"sample_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    """What a sample prints when it runs in another folder."""
    monkeypatch.chdir(tmp_path)

    def run(name):
        sample(name).main()
        return capsys.readouterr().out

    return run


def number(text, label):
    return float(re.search(rf"{re.escape(label)}:? ([0-9.]+)", text)[1])


# -------------------------------------------------------------------- their numbers

def test_linear_regression(printed):
    assert printed("linear_regression") == "w = 0.50000, b = 1.50000\n"


def test_logistic_regression(printed):
    text = printed("logistic_regression")
    assert number(text, "test accuracy") > 0.93
    found = [float(n) for n in re.findall(r"-?[0-9]+\.[0-9]+", text)[:3]]
    assert found == pytest.approx(lowest_point_of_logistic_regression(), abs=0.002)


def lowest_point_of_logistic_regression():
    """Two weights and the bias, as scipy finds them."""
    table = np.loadtxt(FOLDER / "data" / "iris.csv", delimiter=",", skiprows=1)[:105]
    petals, sign = table[:, 2:4], np.where(table[:, 4] == 2, -1, 1)
    x = (petals - petals.mean(0)) / petals.std(0)
    loss = lambda v: np.logaddexp(0, sign * (x @ v[:2] + v[2])).mean() + 0.01 * (v[:2] ** 2).sum()
    return scipy.optimize.minimize(loss, np.zeros(3), tol=1e-10).x


def test_xor(printed):
    rows = re.findall(r"(\d) xor (\d) = (\d)   \(([0-9.]+)\)", printed("xor"))
    assert [row[:3] for row in rows] == [("0", "0", "0"), ("0", "1", "1"), ("1", "0", "1"), ("1", "1", "0")]
    assert all(abs(float(p) - int(either)) < 0.01 for *_, either, p in rows)


def test_iris(printed):
    text = printed("iris")
    assert number(text, "train accuracy") > 0.97
    assert number(text, "test accuracy") > 0.93


def test_digits(printed):
    assert number(printed("digits"), "test accuracy") > 0.97


def test_digits_cnn(printed):
    """It reads more digits than the network without convolutions, with fewer weights."""
    text = printed("digits_cnn")
    assert number(text, "test accuracy") > 0.98
    assert "weights: 6,090" in text


def test_char_model(printed):
    text = printed("char_model")
    course = [float(n) for n in re.search(r"bits per letter: (.*)", text)[1].split(", ")]
    assert course == sorted(course, reverse=True)
    assert course[0] > 3 and number(text, "at the end") < 0.4
    written = set(re.findall(r"[a-z]+", re.search("it writes: (.*)", text)[1])[:-1])
    assert written and written <= set(re.findall(r"[a-z]+", sample("char_model").TEXT))


def test_newton_power(printed):
    text = printed("newton_power")
    assert "100 in 27 steps" in text
    assert float(re.search("from numpy: (.*)", text)[1]) < 1e-14
    value, exact = (float(n) for n in re.findall(r"1[0-9]{2}\.[0-9]{10}\b", text))
    assert value == pytest.approx(exact, rel=1e-10)
    assert float(re.search("square by (.*)", text)[1]) < 1e-5


def test_spring_mass(printed):
    text = printed("spring_mass")
    assert number(text, "end") == number(text, "scipy's simulation ends at") == sample("spring_mass").TARGET


def test_kmeans(printed):
    text, best = printed("kmeans"), lowest_sum_of_kmeans()
    assert number(text, "sum of squared distances") == pytest.approx(best, abs=1e-4)
    assert number(text, "flowers in the cluster of their species") == 0.8933


def lowest_sum_of_kmeans():
    """The sum of squared distances of the best of forty runs of scipy's."""
    flowers = np.loadtxt(FOLDER / "data" / "iris.csv", delimiter=",", skiprows=1)[:, :4]
    runs = [scipy.cluster.vq.kmeans2(flowers, 3, minit="++", seed=k, iter=50) for k in range(40)]
    return min(((flowers - centers[nearest]) ** 2).sum() for centers, nearest in runs)


def test_gradient_of_gradient(printed):
    text = printed("gradient_of_gradient")
    assert "step 6: f(1.000000, 1.000000)" in text
    assert "second derivatives: [[802.0, -400.0], [-400.0, 200.0]]" in text


def test_pca_eigh(printed):
    text = printed("pca_eigh")
    lengths = np.loadtxt(FOLDER / "data" / "iris.csv", delimiter=",", skiprows=1)[:, :4]
    variances = np.linalg.eigvalsh(np.cov(lengths.T))[::-1]
    found = [float(n) for n in re.search(r"ratio:((?: [0-9.]+)+)", text)[1].split()]
    assert found == pytest.approx(variances / variances.sum(), abs=6e-5)
    assert float(re.search("numpy: (.*)", text)[1]) < 1e-12
    assert number(text, "correlation of the places along them") == 0


def test_gaussian_process(printed):
    """The gradient finds what scipy finds without one."""
    text, found = printed("gaussian_process"), lowest_point_of_gaussian_process()
    assert float(re.search(r"steps (-[0-9.]+)", text)[1]) == pytest.approx(found.fun, abs=1e-3)
    kept = [number(text, name) for name in ("length", "height", "noise")]
    assert kept == pytest.approx(np.exp(found.x), rel=0.02)
    assert number(text, "root mean square error of the curve") < 0.1


def lowest_point_of_gaussian_process():
    """Logarithms of length, height and noise, from a likelihood by inverse and determinant."""
    x, y, _ = sample("gaussian_process").data()

    def loss(logs):
        length, height, noise = np.exp(logs)
        k = height**2 * np.exp(-0.5 * ((x[:, None] - x) / length) ** 2) + noise**2 * np.eye(len(x))
        return 0.5 * (y @ np.linalg.solve(k, y) + np.linalg.slogdet(k)[1] + len(x) * np.log(2 * np.pi))

    return scipy.optimize.minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8})


def test_mandelbrot(printed, tmp_path):
    assert number(printed("mandelbrot"), "area of the set") == pytest.approx(1.507, abs=0.02)
    data = (tmp_path / "mandelbrot.png").read_bytes()
    picture = gray_of_png(data)
    assert picture.shape == (400, 600)
    assert picture[200, 440] == 0 and picture[0, 0] > 200                   # c = 0 is in the set, c = -2.2 + i not
    assert np.abs(picture.astype(int) - picture[::-1]).mean() < 1           # the set is its own mirror image


def gray_of_png(data):
    """The pixels of a gray PNG without filters, each checksum verified."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        body = data[place + 8:place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length:place + 12 + length])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        place += 12 + length
    columns, rows = struct.unpack(">2I", chunks[b"IHDR"][:8])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, columns + 1)
    assert not lines[:, 0].any()
    return lines[:, 1:]


def test_mandelbrot_step_is_one_kernel():
    graph = sample("mandelbrot").build()
    assert len(tf.explain(graph.get_operation_by_name("step")).kernels) == 1


def test_keras_iris(printed):
    assert number(printed("keras_iris"), "test accuracy") > 0.93


def test_keras_digits(printed):
    text = printed("keras_digits")
    assert number(text, "test accuracy") > 0.96
    assert number(text, "epochs") < 60      # it noticed that more do not help


def test_keras_digits_cnn(printed):
    text = printed("keras_digits_cnn")
    assert number(text, "test accuracy") > 0.975
    assert "weights: 6,218" in text


def test_keras_text(printed):
    """Only who knows the order of the words can tell."""
    text = printed("keras_text")
    assert number(text, "test accuracy with an LSTM") > 0.97
    assert number(text, "test accuracy without order") < 0.6
    assert re.findall(": (praise|blame)\n", text) == ["blame", "praise"]


def test_sentences_say_what_they_are_said_to():
    module = sample("keras_text")
    numbers, praises = module.sentences(200, np.random.default_rng(1))
    for row, praise in zip(numbers, praises, strict=True):
        words = ["", *(module.WORDS[k] for k in row)]
        score = sum((-1 if before in module.TURN else 1) * (1 if word in module.PRAISE else -1)
                    for before, word in itertools.pairwise(words) if word in module.PRAISE + module.BLAME)
        assert (score > 0) == praise and score


def test_keras_autoencoder(printed):
    text = printed("keras_autoencoder")
    assert number(text, "error of the autoencoder") < 0.7 * number(text, "error of 4 principal components")
    assert len(text.splitlines()) == 10


def test_keras_transformer(printed):
    text = printed("keras_transformer")
    assert number(text, "digits in the right place") > 0.99
    came, written = (re.findall("[0-9]", part) for part in text.splitlines()[1].split("->"))
    assert written == came[::-1]


def test_keras_two_inputs(printed):
    text = printed("keras_two_inputs")
    assert number(text, "larger one found") > 0.93
    assert number(text, "sum off by") < 1.2


def test_keras_gan(printed):
    text = printed("keras_gan")
    assert number(text, "mean distance from the circle") < 0.1
    assert number(text, "share of the points in the emptiest eighth") > 0.03


def test_a_sample_is_a_program(tmp_path):
    ran = subprocess.run([sys.executable, FOLDER / "iris.py"], cwd=tmp_path, env=environment(), text=True,
                         capture_output=True, timeout=120, check=True)
    assert number(ran.stdout, "test accuracy") > 0.93
    assert ran.stderr == ""


def environment():
    return {**os.environ, "PYTHONPATH": str(FOLDER.parent)}


# -------------------------------------------------------------------- their files

@pytest.mark.parametrize("name", NAMES)
def test_saved_graph_is_what_build_makes(name, tmp_path):
    sample(name).build().save(tmp_path / f"{name}.graph.json")
    for made in sorted(tmp_path.iterdir()):
        kept = FOLDER / made.name
        assert kept.exists() and kept.read_bytes() == made.read_bytes(), (
            f"{made.name} differs from what build() makes; if that is meant:\n"
            f"python -c \"from samples.{name} import build; build().save('samples/{name}.graph.json')\""
        )


@pytest.mark.parametrize("name", NAMES)
def test_building_twice_gives_one_graph(name, tmp_path):
    module = sample(name)
    for k in (1, 2):
        (tmp_path / str(k)).mkdir()
        module.build().save(tmp_path / str(k) / "same.graph.json")
    first, second = ((tmp_path / str(k) / "same.graph.json").read_bytes() for k in (1, 2))
    assert first == second


@pytest.mark.parametrize("name", NAMES)
def test_loaded_graph_runs_like_the_built_one(name, rng):
    built, loaded = sample(name).build(), tf.load(FOLDER / f"{name}.graph.json")
    assert str(loaded) == str(built)
    assert loaded.document == json.loads(json.dumps(built.document))
    feeds = {n.name: example(n, rng) for n in built.nodes if n.type == "Placeholder"}
    leaves = [n.name for n in built.nodes if n.outputs and n.type not in ("Const", "Variable", "AssignSub", "Assign",
                                                                         "AssignAdd")]
    for mine, other in zip(results(built, leaves, feeds), results(loaded, leaves, feeds), strict=True):
        np.testing.assert_array_equal(mine, other)


def example(node, rng):
    shape = [7 if s is None else s for s in node.outputs[0].shape]
    if node.op.dtype.is_integer:
        return rng.integers(0, 3, shape)
    return rng.random(shape).astype(node.op.dtype.numpy)


def results(graph, fetches, feeds):
    with graph.as_default(), tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


# -------------------------------------------------------------------- trained as their documents say

LOSS = {"digits": 0.05, "digits_cnn": 0.05, "iris": 0.05, "linear_regression": 1e-6, "logistic_regression": 0.255,
        "xor": 0.01}


def test_every_loss_is_known():
    assert sorted(LOSS) == TRAINED


@pytest.mark.parametrize("name", TRAINED)
def test_document_says_how_it_is_trained(name):
    training = tf.Training.of_file(FOLDER / f"{name}.graph.json")
    training.fit()
    assert training.evaluate("train")["loss"] < LOSS[name]
