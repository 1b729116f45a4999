"""The command line: what each command prints, what it says about bad input, and Ctrl-C."""

import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from checks import HANGS_S, hear_interrupts
from typer.testing import CliRunner

import graphengine as tf
from graphengine.frontend.absent import REASONS, as_expression, recorded_names
from graphengine.io.weights import load_weights, save_weights
from graphengine.tools import missing
from graphengine.tools.cli import app

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
COMMANDS = ("run", "train", "explain", "bench", "ops", "doctor", "cache")


@pytest.fixture
def ge():
    """Call the command in this process; what it printed, after a check of its exit code."""
    def call(*arguments, code=0):
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
        return result.stdout if code == 0 else result.stderr

    return call


@pytest.fixture
def double(tmp_path):
    """A file with a graph of an input, a parameter and two results."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None], name="x")
        z = tf.placeholder(tf.float32, [], name="z")
        k = tf.Variable(2.0, name="k")
        tf.multiply(x, k, name="y")
        tf.add(z, 1.0, name="next")
        tf.group(k.assign(3.0), name="change")
    graph.save(tmp_path / "double.graph.json")
    return tmp_path / "double.graph.json"


def process(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    return subprocess.Popen([sys.executable, "-m", "graphengine", *map(str, arguments)], text=True, env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


# -------------------------------------------------------------------- the command itself

def test_help_names_every_command(ge):
    text = ge("--help")
    assert all(command in text for command in COMMANDS)
    assert ge("--version") == f"graphengine {tf.__version__}\n"


def test_help_compiles_nothing():
    program = (
        "import sys\nsys.argv = ['graphengine', 'ops', '--help']\n"
        "from graphengine.tools.cli import main\n"
        "try:\n    main()\nfinally:\n    print([m for m in ('numba', 'scipy', 'networkx') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, timeout=HANGS_S, check=True,
                         env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert ran.stdout.splitlines()[-1] == "[]"


def test_unknown_command_and_option(ge):
    assert "No such command" in ge("trian", code=2)
    assert "No such option" in ge("run", "--fed", "x=1", code=2)


def test_errors_are_text_without_traceback_unless_asked_for():
    for arguments, environment, traced in (
        (["run", "none.graph.json"], {}, False),
        (["--debug", "run", "none.graph.json"], {}, True),
        (["run", "none.graph.json"], {"GRAPHENGINE_DEBUG": "1"}, True),
    ):
        started = process(*arguments, env=environment)
        out, err = started.communicate(timeout=HANGS_S)
        assert started.returncode == 1 and out == ""
        assert "there is no file 'none.graph.json'" in err
        assert ("Traceback" in err) == traced


@pytest.mark.parametrize(("name", "value"), [("GRAPHENGINE_TIER", "fast"), ("GRAPHENGINE_DEBUG", "much")])
def test_a_setting_that_does_not_exist_is_one_line(name, value):
    started = process("run", "none.graph.json", env={name: value})
    out, err = started.communicate(timeout=HANGS_S)
    assert started.returncode == 1 and out == ""
    assert err.count("\n") == 1 and f"{name}='{value}'; it takes" in err


def test_importing_the_package_reads_no_setting():
    subprocess.run([sys.executable, "-c", "import graphengine"], timeout=HANGS_S, check=True,
                   env={**os.environ, "PYTHONPATH": str(ROOT), "GRAPHENGINE_TIER": "fast"})


def test_every_name_of_tensorflow_is_here_or_has_a_reason():
    names, gone = list(recorded_names()), missing.missing()
    assert len(set(names)) == len(names) > 4000
    assert gone.get(None, []) == []
    assert {"reduce_sum", "nn.relu", "keras.layers.Dense", "compat.v1.placeholder"} <= set(names)
    for why, patterns in REASONS.items():
        for pattern in patterns.split():
            assert re.search(rf"^(compat\.v1\.)?{as_expression(pattern)}$", "\n".join(gone[why]), re.MULTILINE), pattern


def test_what_a_reason_names_is_here():
    """Names in backquotes, and those of classes behind a namespace: `keras.layers` has Normalization, ..."""
    for why in REASONS:
        for name in re.findall(r"`(?:tf\.)?((?:keras|linalg|nn|train|saved_model|io)(?:\.\w+)+|\w+\b(?=`|\())", why):
            parts = name.split(".")
            if len(parts) > 1 or hasattr(tf, name):
                functools.reduce(getattr, parts, tf)
        space = re.search(r"`(keras\.\w+)` has ((?:[A-Z]\w+(?:, | and )?)+)", why)
        if space:
            home = functools.reduce(getattr, space[1].split("."), tf)
            assert all(hasattr(home, name) for name in re.split(r", | and ", space[2])), why


def test_what_is_left_out_is_listed_with_its_reason(ge):
    text, gone = ge("ops", "--missing"), missing.missing()
    assert set(re.split(r"\s+", text)) >= {name for names in gone.values() for name in names}
    for why in gone:
        assert f"\n{why}\n" in text


@pytest.mark.parametrize(("find", "answer"), [
    (lambda: tf.strings, "graphengine has no 'strings': there are no tensors of strings"),
    (lambda: tf.signal.stft, "graphengine.signal has no 'stft': numbers are real here; spectra are pairs"),
    (lambda: tf.stft, "graphengine has no 'stft': numbers are real here; spectra are pairs"),
    (lambda: tf.nn.ctc_loss, "graphengine.nn has no 'ctc_loss': its dynamic program"),
    (lambda: tf.keras.applications, "graphengine.keras has no 'applications': its weights are not fetched"),
    (lambda: tf.keras.backend.ctc_decode, "graphengine.keras.backend has no 'ctc_decode': its dynamic program"),
    (lambda: tf.keras.layers.ThresholdedReLU, "graphengine.keras.layers has no 'ThresholdedReLU': `keras.layers.ReLU("),
    (lambda: tf.keras.optimizers.legacy, "graphengine.keras.optimizers has no 'legacy': Keras 3 refuses it too"),
    (lambda: tf.keras.losses.Reduction, "graphengine.keras.losses has no 'Reduction': a loss takes the name"),
    (lambda: tf.keras.callbacks.OrbaxCheckpoint, "graphengine.keras.callbacks has no 'OrbaxCheckpoint': `keras"),
    (lambda: tf.keras.wrappers, "graphengine.keras has no 'wrappers': `fit` and `predict` of a model"),
    (lambda: tf.random.all_candidate_sampler, "graphengine.random has no 'all_candidate_sampler': it is for losses"),
    (lambda: tf.config.optimizer, "graphengine.config has no 'optimizer': every program is compiled"),
    (lambda: tf.data.TFRecordDataset, "graphengine.data has no 'TFRecordDataset': files are read by Python"),
    (lambda: tf.compat.v1.train.replica_device_setter, "graphengine.compat.v1.train has no 'replica_device_setter'"),
    (lambda: tf.compat.v1.string_split, "graphengine.compat.v1 has no 'string_split': there are no tensors of strings"),
    (lambda: tf.relu, "graphengine has no 'relu'; it is graphengine.nn.relu"),
    (lambda: tf.keras.layers.Densse, "graphengine.keras.layers has no 'Densse'; did you mean 'Dense'?"),
])
def test_a_name_that_is_not_here_says_why(find, answer):
    with pytest.raises(AttributeError) as caught:
        find()
    assert str(caught.value).startswith(answer)


# -------------------------------------------------------------------- run

def test_run_prints_what_can_be_computed(ge, double):
    assert ge("run", double, "--feed", "x=[1, 2.5]") == "y   float32 (2,)\n[2. 5.]\n"
    assert ge("run", double, "--feed", "z=1") == "next = 2.0\n"
    both = ge("run", double, "--feed", "x=[]", "--feed", "z=1")
    assert both == "y   float32 (0,)\n[]\nnext = 2.0\n"


def test_run_computes_what_is_named(ge, double):
    assert ge("run", double, "--fetch", "k") == "k = 2.0\n"
    assert ge("run", double, "--fetch", "change") == "change: done\n"
    assert ge("run", double, "--fetch", "y:0", "--feed", "x:0=[4]") == "y   float32 (1,)\n[8.]\n"


def test_run_takes_arrays_from_files(ge, double, tmp_path):
    np.save(tmp_path / "x.npy", np.array([1, 2, 3], np.float32))
    assert json.loads(ge("run", double, "--feed", f"x={tmp_path / 'x.npy'}", "--json")) == {"y": [2, 4, 6]}


def test_json_has_short_floats_and_words_for_what_json_lacks(ge, double, tmp_path):
    np.save(tmp_path / "x.npy", np.array([0.05, np.nan, np.inf, -np.inf], np.float32))
    text = ge("run", double, "--feed", f"x={tmp_path / 'x.npy'}", "--fetch", "y", "--fetch", "change", "--json")
    assert text == '{"y": [0.1, "NaN", "Infinity", "-Infinity"], "change": null}\n'


def test_run_loads_weights(ge, double, tmp_path):
    save_weights(tmp_path / "w.safetensors", {"k": np.float32(10)})
    assert ge("run", double, "--fetch", "k", "--load", tmp_path / "w.safetensors") == "k = 10.0\n"


def test_samples_that_need_no_feed(ge):
    text = ge("run", SAMPLES / "gradient_of_gradient.graph.json")
    assert text.startswith("hessian   float64 (2, 2)\n[[1330.  480.]\n [ 480.  200.]]")
    assert ge("run", SAMPLES / "mandelbrot.graph.json").startswith("gray   int32 (400, 600)\n[[255 255")


@pytest.mark.parametrize(("arguments", "message"), [
    (["--feed", "x"], "--feed 'x' is not of the form NAME=VALUE"),
    (["--feed", "x=one"], "the value of --feed x is 'one', neither a number, a list nor a .npy file"),
    (["--feed", "x=[[[" + "[" * 100_000], "neither a number, a list nor a .npy file"),
    (["--feed", "x=[1, [2]]"], "x"),
    (["--feed", "x=none.npy"], "there is no such file"),
    (["--feed", "x=1"], "the placeholder takes"),
    (["--feed", 'x=["a"]'], "not numbers"),
    (["--feed", "xs=[1]"], "did you mean 'x'?"),
    (["--fetch", "nxt", "--feed", "z=1"], "did you mean 'next'?"),
    (["--fetch", "y:3"], "y"),
    (["--fetch", "y"], "placeholder 'x'"),
    ([], "placeholder 'x'"),
], ids=str)
def test_run_says_what_is_wrong(ge, double, arguments, message):
    assert message in ge("run", double, *arguments, code=1)


def test_pickled_arrays_are_refused(ge, double, tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}], object), allow_pickle=True)
    assert "the file is no array" in ge("run", double, "--feed", f"x={tmp_path / 'x.npy'}", code=1)


def test_a_graph_without_results_is_refused(ge, tmp_path):
    tf.Graph().save(tmp_path / "empty.graph.json")
    assert "--fetch NAME" in ge("run", tmp_path / "empty.graph.json", code=1)


def test_a_broken_file_is_refused(ge, tmp_path):
    (tmp_path / "broken.graph.json").write_text('{"format": "graphengine"')
    for command in ("run", "train", "explain"):
        assert "broken.graph.json" in ge(command, tmp_path / "broken.graph.json", code=1)


# -------------------------------------------------------------------- train

def test_train_prints_loss_and_metrics_and_saves(ge, tmp_path):
    text = ge("train", SAMPLES / "iris.graph.json", "--save", tmp_path / "w.safetensors")
    assert "epoch 1,000/1,000" in text and "samples/s" in text
    head, train, test = (line.split() for line in text.splitlines()[-3:])
    assert head == ["loss", "accuracy"] and train[0] == "train" and test[0] == "test"
    assert float(test[2]) > 0.93
    weights = load_weights(tmp_path / "w.safetensors")
    assert sorted(weights) == ["hidden/b", "hidden/w", "output/b", "output/w"]
    told = ge("run", SAMPLES / "iris.graph.json", "--feed", "x=[[1.3, 0.9, 1.7, 1.4]]", "--json",
              "--load", tmp_path / "w.safetensors")
    assert json.loads(told)["probabilities"][0][2] > 0.9       # long and wide petals: a virginica


def test_train_goes_on_from_weights(ge, tmp_path):
    file, weights = SAMPLES / "linear_regression.graph.json", tmp_path / "w.safetensors"
    ge("train", file, "--save", weights)
    text = ge("train", file, "--epochs", 1, "--load", weights)
    assert "epoch 1/1" in text and text.splitlines()[-1].split() == ["train", "0.0000"]


def test_train_checks_the_place_for_weights_first(ge, tmp_path):
    text = ge("train", SAMPLES / "iris.graph.json", "--save", tmp_path / "none" / "w.safetensors", code=1)
    assert "there is no folder" in text


@pytest.mark.parametrize(("arguments", "code", "message"), [
    (["iris.graph.json", "--epochs", "0"], 2, "--epochs"),
    (["mandelbrot.graph.json"], 1, "does not say how it is trained"),
    (["iris.graph.json", "--load", "none.safetensors"], 1, "none.safetensors"),
    (["iri.graph.json"], 1, "did you mean 'iris.graph.json'?"),
])
def test_train_says_what_is_wrong(ge, arguments, code, message):
    assert message in ge("train", SAMPLES / arguments[0], *arguments[1:], code=code)


def test_weights_of_another_graph_are_refused(ge, tmp_path):
    save_weights(tmp_path / "w.safetensors", {"nobody": np.zeros(2)})
    text = ge("train", SAMPLES / "iris.graph.json", "--load", tmp_path / "w.safetensors", code=1)
    assert "no variable 'nobody'" in text


@pytest.mark.skipif(os.name != "posix", reason="sends a signal as a terminal does")
def test_ctrl_c_stops_training_and_saves(tmp_path):
    weights = tmp_path / "w.safetensors"
    started = process("train", SAMPLES / "digits.graph.json", "--epochs", 10**7, "--save", weights,
                      env={"FORCE_COLOR": "1", "TERM": "xterm"},     # rich then draws the bar as on a terminal
                      preexec_fn=hear_interrupts)
    limit = threading.Timer(HANGS_S, started.kill)          # should no report ever come
    limit.start()
    try:
        seen = ""
        while "samples/s" not in seen:      # until the first report, which comes after a step
            piece = started.stdout.read(1)
            assert piece, started.communicate()
            seen += piece
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=HANGS_S)         # the epochs would take hours
    finally:
        limit.cancel()
        started.kill()
    assert started.returncode == 130, err
    assert "stopped in epoch" in out and err == ""
    found = load_weights(weights)
    assert sorted(found) == [f"{k}/{v}" for k in ("first", "output", "second") for v in "bw"]
    assert all(np.isfinite(array).all() for array in found.values())
    graph = tf.load(SAMPLES / "digits.graph.json")
    assert not np.array_equal(found["first/w"], graph.by_name["first/w/initial_value"].op.value.array)


# -------------------------------------------------------------------- explain, ops, doctor, cache

def test_explain_shows_everything_or_a_section(ge):
    file = SAMPLES / "linear_regression.graph.json"
    text = ge("explain", file)
    assert all(f"== {part} ==" in text for part in ("summary", "program", "source"))
    assert "kernel calls" in ge("explain", file, "--section", "summary")
    assert "def " in ge("explain", file, "--fetch", "line", "--section", "source")


def test_explain_the_training_step(ge):
    text = ge("explain", SAMPLES / "iris.graph.json", "--train", "--section", "groups")
    assert "matmul" in text and "sgd" in text


def test_explain_and_run_a_file_with_loops(ge):
    file = SAMPLES / "newton_power.graph.json"
    text = ge("explain", file, "--fetch", "roots", "--section", "program")
    assert "each step of while/loop" in text
    told = ge("run", file, "--feed", "numbers=[8, 27]", "--feed", "matrix=[[2, 1], [1, 2]]")
    assert "newton_steps = " in told and "[2. 3.]" in told
    assert float(re.search("^value = (.*)", told, re.M)[1]) == pytest.approx(3.0)
    assert "while" not in told


def test_explain_says_what_is_wrong(ge):
    file = SAMPLES / "iris.graph.json"
    assert "did you mean 'source'?" in ge("explain", file, "--section", "sauce", code=1)
    assert "did you mean 'loss'?" in ge("explain", file, "--fetch", "los", code=1)


def test_ops_lists_the_registry(ge):
    from graphengine.ops import OPS

    rows = ge("ops").splitlines()
    assert len(rows) == len(OPS) + 1
    assert {row.split()[0] for row in rows[1:]} == set(OPS)
    few = ge("ops", "--category", "activation").splitlines()[1:]
    assert 5 < len(few) < len(rows) and all("Activation" in row for row in few)


@pytest.mark.parametrize("name", ["matmul", "reduce_sum", "nn.relu", "tf.nn.relu", "const"])
def test_ops_documents_one(ge, name):
    text = ge("ops", name)
    assert "category" in text and "kind" in text and "Parameters" in text


def test_ops_says_why_there_is_no_gradient(ge):
    assert "gradient  " in ge("ops", "argmax") and "gradient  yes" not in ge("ops", "argmax")


def test_ops_suggests_the_nearest(ge):
    assert "did you mean 'matmul'?" in ge("ops", "mathmul", code=1)
    assert "did you mean 'Activation'?" in ge("ops", "--category", "Activations", code=1)


def test_doctor_finds_a_working_machine(ge, capfd):
    text = ge("doctor")
    assert "everything essential works" in text and "BROKEN" not in text
    for name in ("versions", "processor", "compiler", "BLAS", "cache", "Qt"):
        assert name in text
    assert tf.__version__ in text and np.__version__ in text


def test_doctor_reports_what_is_broken(ge, monkeypatch):
    from graphengine.tools import doctor

    monkeypatch.setitem(doctor.CHECKS, "compiler", lambda: 1 / 0)
    text = CliRunner().invoke(app, ["doctor"])
    assert text.exit_code == 1
    assert "BROKEN compiler" in text.stdout and "ZeroDivisionError" in text.stdout and "fix: " in text.stdout


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_doctor_notes_a_cache_that_others_may_write_to(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    started = process("doctor", env={"GRAPHENGINE_CACHE_DIR": str(tmp_path / "shared")})
    out, _ = started.communicate(timeout=HANGS_S)
    assert started.returncode == 0, out
    assert "others may write to it" in out and "fix: chmod 700" in out


def test_cache_is_shown_and_cleared(tmp_path):
    def run(*arguments):
        started = process(*arguments, env={"GRAPHENGINE_CACHE_DIR": str(tmp_path / "cache")})
        out, err = started.communicate(timeout=HANGS_S)
        assert started.returncode == 0 and err == "", err
        return out

    assert "kernels  0\n" in run("cache")
    run("run", SAMPLES / "gradient_of_gradient.graph.json")
    shown = run("cache", "show")
    assert str(tmp_path / "cache") in shown and "kernels  0\n" not in shown and "KB of at most 256.0 MB" in shown
    assert "kernels removed" in run("cache", "clear")
    assert "kernels  0\n" in run("cache")


def test_a_loss_that_becomes_nan_stops_training_and_saves_nothing(ge, tmp_path):
    document = json.loads((SAMPLES / "linear_regression.graph.json").read_text())
    document["train"]["optimizer"]["learning_rate"] = 1e6
    document["train"]["data"]["file"] = "line.csv"
    (tmp_path / "line.csv").write_bytes((SAMPLES / "data" / "line.csv").read_bytes())
    (tmp_path / "x.graph.json").write_text(json.dumps(document))
    told = ge("train", tmp_path / "x.graph.json", "--save", tmp_path / "w.safetensors", code=1)
    assert "the loss is NaN in epoch" in told
    assert "lower the learning rate" in told
    assert not (tmp_path / "w.safetensors").exists()


# ------------------------------------------------------------------ bench

def test_bench_has_a_line_for_each_kernel(ge):
    lines = ge("bench", SAMPLES / "iris.graph.json", "--train", "--repeats", 2).splitlines()
    assert lines[0].split() == ["time", "share", "GB/s", "of", "copy", "GFLOP/s", "of", "peak", "kernel"]
    assert f"a step of {len(lines) - 2} kernels" in lines[-1]
    assert any("batch_matmul" in line for line in lines)


def test_bench_wants_what_run_wants(ge, double):
    assert "has no value" in ge("bench", double, code=1)


def test_bench_of_a_graph_without_variables(tmp_path):
    graph = tf.Graph()
    with graph.as_default():
        tf.sin(tf.placeholder("float32", [None], name="x"), name="y")
    graph.save(tmp_path / "a.graph.json")
    from graphengine.tools.bench import bench_file

    assert "sin" in bench_file(tmp_path / "a.graph.json", ["x=[1.0, 2.0]"], [], False, 2)
