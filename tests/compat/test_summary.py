"""Summaries of TensorFlow 1: the bytes that TensorFlow 2.21 makes of the same nodes, and files of them."""
import numpy as np
import pytest

import graphengine.compat.v1 as tf
from graphengine.errors import FailedPreconditionError

MESSAGES = {                                # what TensorFlow's session gives for each node
    "scalar": b"\n\x13\n\x0ctrain/loss_x\x15\x00\x00\xc0?",
    "family": b"\n\x1b\n\x14fam/train/fam/loss_x\x15\x00\x00\x00@",
    "strange": b"\n\x0f\n\x08train/q_\x15\x00\x00\x80?",
}


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def nodes():
    with tf.name_scope("train"):
        return {"scalar": tf.summary.scalar("loss x", tf.constant(1.5)),
                "family": tf.summary.scalar("loss x", 2.0, family="fam"), "strange": tf.summary.scalar("/q#", 1.0)}


def test_messages(nodes):
    with tf.Session() as session:
        assert {k: v.tobytes() for k, v in session.run(nodes).items()} == MESSAGES
        assert session.run(tf.summary.merge_all()).tobytes() == b"".join(MESSAGES.values())
        assert session.run(tf.summary.merge_all(scope="train/q")).tobytes() == MESSAGES["strange"]
    assert [n.name for n in nodes.values()] == ["train/loss_x:0", "train/fam/loss_x:0", "train/q_:0"]
    assert tf.summary.merge_all("others") is None


def test_all_elements_of_a_tensor():
    with tf.Session() as session:           # TensorFlow's bytes, without the empty field of metadata at their end
        made = session.run(tf.summary.tensor_summary("t", [[1.0, 2.0]])).tobytes()
    assert made == b'\n\x1b\n\x01tB\x16\x08\x01\x12\x08\x12\x02\x08\x01\x12\x02\x08\x02"\x08\x00\x00\x80?\x00\x00\x00@'


def test_files(tmp_path, nodes):
    x = tf.placeholder(tf.float32, [None])
    tf.summary.histogram("x", x)
    merged = tf.summary.merge_all()
    writer = tf.summary.FileWriter(tmp_path / "logs", tf.get_default_graph())
    with tf.Session() as session:
        for step in range(3):
            writer.add_summary(session.run(merged, {x: np.arange(3.0)}), step)
    writer.add_summary(MESSAGES["scalar"], np.int64(9))
    writer.flush()
    (path,) = (tmp_path / "logs").iterdir()
    content = path.read_bytes()
    assert [content.count(m) for m in MESSAGES.values()] == [4, 3, 3]
    writer.close()
    with pytest.raises(FailedPreconditionError, match="closed"):
        writer.add_summary(MESSAGES["scalar"])
    writer.reopen()
    writer.add_summary(MESSAGES["scalar"])
    writer.close()
    assert len(list((tmp_path / "logs").iterdir())) == 2


def test_one_writer_for_a_folder(tmp_path):
    writer = tf.summary.FileWriterCache.get(tmp_path)
    assert tf.summary.FileWriterCache.get(str(tmp_path)) is writer
    assert writer.get_logdir() == str(tmp_path)
    tf.summary.FileWriterCache.clear()
    assert tf.summary.FileWriterCache.get(tmp_path) is not writer
    tf.summary.FileWriterCache.clear()


def test_writers_want_no_start(tmp_path):
    from graphengine import summary

    with pytest.raises(FailedPreconditionError, match="no writer"):
        tf.summary.initialize()
    with summary.create_file_writer(tmp_path).as_default():
        tf.summary.initialize()
