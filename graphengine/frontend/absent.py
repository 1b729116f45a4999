"""TensorFlow's and Keras's public names, and why those that are not here are left out.

The names are recorded in a file beside this module, a namespace a line. A pattern of a reason is a name, or one with
``*`` for anything; names of TensorFlow 1 are also looked up without ``compat.v1.``. A reason is told where a program
asks for the name, and by ``graphengine ops --missing``.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

VERSIONS = "TensorFlow 2.21 and Keras 3.15"

_STRINGS = (
    "there are no tensors of strings; work on texts in Python, or with `keras.layers.TextVectorization` and "
    "StringLookup, and feed numbers"
)
_FLAGS = "Python's `argparse`, or the package absl, reads command lines of other kinds"
_COMPLEX = (
    "numbers are real here; spectra are pairs of real tensors in `keras.ops`: fft, rfft, stft and their inverses"
)
_SPARSE = "there are no sparse or ragged tensors; pad the lists, and give masked entries the weight 0"
_DISTRIBUTED = "one process on one machine computes; there are no clusters, replicas, graphics cards or TPUs"

# The first pattern that fits a name counts.
REASONS: dict[str, str] = {
    "`tf.custom_gradient` gives a function another gradient, and `tf.stop_gradient` none":
        "RegisterGradient *no_gradient compat.v1.NoGradient compat.v1.NotDifferentiable",
    "what changes a variable runs in the order of the program; there is nothing to lock": "CriticalSection",
    "a function of the program can make its variables in its own way": "variable_creator_scope",
    "`tf.function` draws functions": "compat.v1.wrap_function",
    "`tf.stack` gives the same": "parallel_stack",
    "`tf.identity` gives the same": "guarantee_const",
    "`tf.recompute_grad` computes a function again instead of keeping what is inside": "keras.remat keras.RematScope",
    "`dataset.element_spec` says what elements are, and `for` or `next` takes them":
        "data.experimental.*structure data.experimental.*variant data.experimental.*ptional experimental.Optional "
        "compat.v1.data.experimental.*Structure OptionalSpec data.DatasetSpec data.IteratorSpec",
    "`session.run` gives arrays and takes them again; what stays in a session are variables":
        "compat.v1.*session_handle compat.v1.*session_tensor",
    "files of events are written for TensorBoard, which reads them": "train.summary_iterator",
    "`session.run(compat.v1.global_variables_initializer())` gives all variables their values":
        "compat.v1.report_uninitialized_variables",
    "`keras.layers` has IntegerLookup and StringLookup; values of numbers are taken by `tf.gather`":
        "lookup.* data.experimental.*table* data.experimental.DatasetInitializer",
    "`keras.saving` has it by the same name": "*.legacy.*_keras_object keras.legacy.saving.*",
    "Keras 3 refuses it too; `keras.optimizers` has it by the same name": "*optimizers.legacy.*",
    "a loss takes the name of its reduction, such as `\"sum_over_batch_size\"`": "*losses.Reduction losses.Reduction",
    "`keras.layers.ReLU(threshold=theta)` gives the same": "keras.layers.ThresholdedReLU",
    "sizes of pictures do not change at random in a program; `keras.layers.RandomZoom` stretches what is in them":
        "keras.layers.RandomHeight keras.layers.RandomWidth",
    "layers of other frameworks run there; what was trained there comes over as an ONNX file: `tf.load(\"m.onnx\")`":
        "keras.layers.FlaxLayer keras.layers.JaxLayer keras.layers.TorchModuleWrapper",
    "`keras.models.load_model` and `tf.saved_model.load` give what was saved here": "keras.layers.TFSMLayer",
    "`model.export` and `tf.saved_model.save` write models to run elsewhere": "keras.export.*",
    "`fit` and `predict` of a model take scikit-learn's arrays; an estimator is a class of one's own around them":
        "keras.wrappers.*",
    "every program is compiled; there is nothing to switch": "config.optimizer.* xla.*",
    "libraries of ops and files are compiled for TensorFlow; `tf.numpy_function` calls any function of arrays":
        "load_library load_op_library compat.v1.load_file_system_library experimental.register_filesystem_plugin "
        "sysconfig.* compat.v1.user_ops.*",
    "tensors are made of arrays and give them: `tf.constant(np.from_dlpack(x))`, `x.numpy()`": "experimental.dlpack.*",
    "a layer takes its own `dtype`": "keras.dtype_policies.DTypePolicyMap",
    "`keras.callbacks` has ModelCheckpoint and BackupAndRestore": "keras.callbacks.Orbax*",
    "nothing is sent over the network; `keras.callbacks.LambdaCallback` calls a function of the program":
        "keras.callbacks.RemoteMonitor",
    "its weights are not fetched from the network; a model that Keras has saved as a `.keras` file is loaded, "
    "`keras.models.load_model(\"resnet50.keras\")`": "keras.applications.*",
    "`keras.layers` has what it puts together: Normalization, Discretization, IntegerLookup, StringLookup, Hashing":
        "keras.utils.FeatureSpace",
    "`np.fromfile` and `np.memmap` read records of one size": "*FixedLengthRecord*",
    "use numpy on values, and `tf` or `keras.ops` on tensors": "experimental.numpy.*",
    "these are TensorFlow's own kernels; the functions of `tf` have names of their own": "raw_ops",
    "numbers are real here, and these may be complex; `linalg.eigh` and `eigvalsh` are for symmetric matrices":
        "eig eigvals linalg.eig linalg.eigvals linalg.logm keras.ops.eig keras.ops.linalg.eig",
    "it is a part of TensorFlow's own optimizer for sparse linear models, which is not here": "train.sdca_*",
    _FLAGS: "compat.v1.flags.*",
    "they are TensorFlow's old way to feed tables; `keras.layers` has Normalization, Discretization, IntegerLookup, "
    "StringLookup and Hashing": "feature_column.*",
    "`keras.layers.Hashing` hashes a pair as one number made of both, such as `a * n + b`":
        "keras.layers.HashedCrossing",
    _COMPLEX: """
        *complex* *fft* signal.*stft* *.polar
    """,
    _STRINGS: """
        strings.* *string* *as_string io.decode_json_example io.decode_csv io.*base64
        keras.utils.text_dataset* keras.preprocessing.text_dataset*
        fingerprint data.TextLineDataset
        compat.v1.decode_* compat.v1.encode_*
        reduce_join regex_replace substr io.decode_compressed io.decode_raw
    """,
    _SPARSE: """
        ragged.* sparse.* sets.* compat.v1.sets.* *Ragged* *ragged* *Sparse* *sparse
        compat.v1.sparse_* sparse_* *embedding_lookup_sparse compat.v1.convert_to_tensor_or_*
        data.experimental.dense_to_sparse_batch edit_distance keras.backend.to_dense keras.backend.is_sparse
    """,
    "numbers are of 8 to 64 bits, and bfloat16; there are no resources, variants or packed types": """
        *resource variant *.variant dtypes.experimental.* experimental.float* experimental.int* experimental.uint*
    """,
    "numbers are of 8 to 64 bits, and unsigned ones of 64 are left out; int64 holds them": "uint64 dtypes.uint64",
    "models are not quantized": """
        quantization.* *quantize* *quint* *qint* *QUANTIZED* *fake_quant* keras.quantizers.* keras.Quantizer
        keras.dtype_policies.*Q* keras.dtype_policies.Int4DTypePolicy
        *uantized*
    """,
    "a layer computes in the dtype of its weights, whose exponents or size keep small gradients; nothing is scaled":
        "*mixed_precision* *LossScale* *LossScaleOptimizer",
    _DISTRIBUTED: """
        distribute.* tpu.* compat.v1.tpu.* experimental.dtensor.* keras.distribution.* DeviceSpec
        VariableAggregation VariableSynchronization data.experimental.service.* data.experimental.*Shard*
        data.experimental.*istribut* data.experimental.copy_to_device data.experimental.prefetch_to_device
        data.experimental.AutoShardPolicy data.experimental.SHARD_HINT data.experimental.ServiceOptions
        train.Cluster* train.ServerDef train.JobDef train.Server train.replica_device_setter
        train.SyncReplicasOptimizer train.WorkerSessionCreator train.basic_train_loop
        config.experimental_connect_* *LogicalDeviceConf*
        config.*logical_device* config.experimental.*evice* config.experimental.*memory* config.experimental.*mlir*
        config.experimental.*synchronous* test.create_local_cluster types.experimental.distributed.*
        nn.RNNCellDeviceWrapper *rnn_cell.DeviceWrapper compat.v1.container *_partitioner
        compat.v1.create_partitioned_variables train.experimental.*Shard* train.experimental.MaxShard*
        experimental.async_* compat.v1.colocate_with compat.v1.distribute.* train.SessionManager train.Supervisor
        check_pinned
        nondifferentiable_batch_function keras.device config.experimental.*tensor_float* test.experimental.sync_devices
    """,
    "graphs become machine code of this machine's CPU only; `graph.save` keeps them, and ONNX files are read and "
    "written": """
        lite.* compat.v1.lite.* mlir.* experimental.tensorrt.*
    """,
    "graphs are kept as JSON (`graph.save`, `tf.load`), models as `.keras` files; there are no protocol buffers": """
        summary.graph summary.experimental.write_raw_pb version.GRAPH_DEF_* compat.v1.GRAPH_DEF_*
        *GraphDef* *graph_def *_graph_def* *NodeDef *AttrValue *make_ndarray *make_tensor_proto *import_graph_def
        *MetaGraphDef *TensorInfo *NameAttrList *HistogramProto *SaverDef *Event *LogMessage *SessionLog *Summary
        *SummaryMetadata *SummaryDescription *TaggedRunMetadata *GraphOptions *OptimizerOptions *RunMetadata
        *RunOptions train.Bytes* train.Example train.Feature* train.Float* train.Int64* train.SequenceExample
        io.*proto io.parse_* io.serialize_* io.write_graph train.write_graph *VocabInfo train.export_meta_graph
        train.generate_checkpoint_state_proto io.FixedLen* io.VarLen* io.*serialize_* compat.v1.saved_model.*
        saved_model.*_* saved_model.Asset saved_model.GPU saved_model.SERVING saved_model.TPU saved_model.TRAINING
        saved_model.LoadOptions saved_model.SaveOptions saved_model.experimental.* compat.v1.graph_util.*
        *parse_example* *parse_single* *parse_tensor *serialize_tensor *FixedLen* *VarLen*
        compat.v1.summary.*summary_description compat.v1.summary.Session* compat.v1.summary.Event
    """,
    "files are read by Python and numpy (`open`, `np.load`); what they hold goes to `Dataset.from_tensor_slices` or "
    "`from_generator`": """
        io.read_file io.write_file io.*match* *matching_files compat.v1.read_file compat.v1.write_file *TFRecord*
        *tf_record* data.experimental.CsvDataset data.experimental.SqlDataset
        data.experimental.make_csv* data.experimental.make_batched* *Reader compat.v1.*ReaderBase
        keras.utils.*dataset_from_directory keras.preprocessing.*dataset_from_directory compat.v1.resource_loader.*
        train.match_filenames_once
    """,
    "layers change pictures at random: RandomRotation, RandomZoom, RandomTranslation and their like; and "
    "`keras.utils.load_img` reads them": "keras.preprocessing.image.*",
    "pictures and sounds are not decoded in a graph; `keras.utils.load_img`, imageio or soundfile read them": """
        *jpeg* *_png *_bmp *_gif *_image *_webp *_jxl audio.*
    """,
    "windows of pictures and lines over them are drawn by matplotlib and OpenCV, which take arrays: `x.numpy()`": """
        keras.visualization.plot_* keras.visualization.draw_bounding_boxes
    """,
    "nothing is fetched from the network; `keras.datasets` has data that come with the package, and `np.load` reads "
    "files": """
        keras.datasets.* keras.utils.get_file
    """,
    "its dynamic program over alignments is not part of this engine; use a package for speech or writing": """
        *ctc_* *.CTC *.ctc nn.collapse_repeated
    """,
    "it is for losses over classes drawn at random; with vocabularies of the size meant here, use the loss over all: "
    "`nn.sparse_softmax_cross_entropy_with_logits`": """
        nn.sampled_softmax_loss nn.nce_loss *candidate_sampler nn.compute_accidental_hits
    """,
    "TensorFlow has it for graphics cards only": "image.generate_bounding_box_proposals",
    "an iterator does not save how far it has come; `dataset.skip(n)` goes on behind the first n elements": """
        data.experimental.make_saveable_from_iterator
    """,
    "Dataset brings samples, without queues and their threads": """
        queue.* compat.v1.*Queue* *queue_runner* train.*batch train.*batch_join train.*_producer train.limit_epochs
        *ConditionalAccumulator* train.LooperThread compat.v1.io.*Queue*
    """,
    "nothing here has options of this kind: leave it out": """
        data.Options data.ThreadingOptions data.experimental.*Options data.experimental.Autotune*
        data.experimental.ExternalStatePolicy data.experimental.*model_proto data.experimental.enable_debug_mode
        train.CheckpointOptions autograph.experimental.Feature autograph.set_verbosity AggregationMethod
        compat.v1.*control_flow_v2* compat.v1.*tensor_equality compat.v1.*_v2_* compat.v1.*resource_variables_enabled
        compat.v1.experimental.* debugging.*device_placement debugging.experimental.* *traceback_filtering*
        compat.forward_* experimental.function_executor_type
        experimental.enable_strict_mode *flash_attention* keras.config.set_backend
        keras.config.*max_* test.with_eager_op_as_function test.disable_with_predicate
    """,
    "classes of tensors and their dispatch cannot be added; write an op class, or keras.layers.Layer": """
        IndexedSlicesSpec
        experimental.* *TypeSpec type_spec_from_value types.experimental.* *TensorSpec TensorArraySpec
        register_tensor_conversion_function
    """,
    "`keras.Model(inputs, outputs)` is the function of symbols, `keras.layers.Layer` what is called on them, and "
    "`keras.utils.is_keras_tensor(x)` tells them": "keras.Function keras.KerasTensor keras.Operation",
    "variables are changed in the order of the program, in `tf.function` too; none are passed in and out by hand":
        "keras.StatelessScope keras.SymbolicScope",
    "a checkpoint is arrays by name: `train.list_variables(path)` and `train.load_checkpoint(path)` show them":
        "train.CheckpointView",
    "cells of Keras have `dropout` and `recurrent_dropout`, and `keras.layers.RNN` takes any cell, such as one that "
    "adds its inputs": "nn.RNNCellDropoutWrapper nn.RNNCellResidualWrapper",
    "distributions are written with `random` and `math`": "compat.v1.distributions.*",
    "`explain(fetches)`, `session.profile` and `graphengine bench` show where the time goes": """
        profiler.* compat.v1.profiler.* train.ProfilerHook test.Benchmark test.benchmark_config summary.trace_*
    """,
    "operators are matrices here: use `linalg.matvec`, `solve`, `cholesky` and the like": "linalg.LinearOperator*",
    "programs see errors as exceptions, and no C++ library": """
        compat.v1.errors.raise_exception_on_not_ok_status compat.v1.CXX11_ABI_FLAG compat.v1.CXX_VERSION
        compat.v1.MONOLITHIC_BUILD
    """,
}


@cache
def recorded() -> dict[str, tuple[str, ...]]:
    """Short names by namespace, ``""`` for the package itself."""
    lines = Path(__file__).with_name("tensorflow_names.txt").read_text("ascii").splitlines()
    rows = [line.split() for line in lines]
    return {space.rstrip("."): tuple(names) for space, *names in rows}


def recorded_names() -> Iterator[str]:
    """Full names: ``reduce_sum``, ``nn.relu``, ``compat.v1.placeholder`` ..."""
    for space, names in recorded().items():
        yield from (f"{space}.{name}" if space else name for name in names)


def is_recorded(space: str, name: str) -> bool:
    """Whether a namespace has a name, or one of its own that is called so."""
    full = f"{space}.{name}" if space else name
    spaces = (space, space.removeprefix("compat.v1").removeprefix("."))
    return any(name in recorded().get(s, ()) for s in spaces) or any(f"{s}.".startswith(f"{full}.") for s in recorded())


def reason(name: str) -> str | None:
    """Why a public name of TensorFlow, or a namespace, is left out; None for any other."""
    short = name.removeprefix("compat.v1.")
    for why, pattern in _patterns():
        if pattern.fullmatch(name) or pattern.fullmatch(short) or pattern.fullmatch(f"{short}."):
            return why
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((why, re.compile("|".join(map(as_expression, text.split())))) for why, text in REASONS.items())


def as_expression(pattern: str) -> str:
    """A pattern as a regular expression."""
    return re.escape(pattern).replace(r"\*", ".*")
