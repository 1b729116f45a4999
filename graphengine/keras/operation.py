"""Functions of `keras.ops` called on symbols, as Keras's files know them: a class for each function.

    ops.mean(x, axis=1)  ->  {"module": "keras.src.ops.numpy", "class_name": "Mean", "config": {"axis": 1, ...}}

What a function is called on are the call's arguments; what it does with them are the settings of its class.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, wraps
from types import FunctionType
from typing import Any

from ..errors import InvalidArgumentError, suggestion
from ..frontend.structure import flatten
from ..ir.graph import is_drawing
from ..ir.node import Node
from ..ops.language import L
from ..ops.state import Const
from .naming import auto_name
from .registry import serialize_keras_object
from .symbolic import LayerCall, SymbolicGraph, is_symbol

SOURCE = "keras.src.ops."
ACTIVATIONS = "keras.src.activations.activations"

# Where Keras has the functions that are not in its module "numpy".
MODULES = {
    "nn": "adaptive_average_pool adaptive_max_pool average_pool batch_normalization binary_crossentropy "
          "categorical_crossentropy celu conv conv_transpose depth_to_space depthwise_conv dot_product_attention elu "
          "fold gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh layer_normalization leaky_relu "
          "log_sigmoid log_softmax max_pool moments multi_hot normalize one_hot psnr relu relu6 rms_normalization "
          "selu separable_conv sigmoid silu soft_shrink softmax softplus softsign space_to_depth "
          "sparse_categorical_crossentropy sparse_plus sparse_sigmoid sparsemax squareplus swish tanh_shrink "
          "threshold unfold",
    "linalg": "cholesky cholesky_inverse det eigh inv jvp lstsq lu_factor matrix_rank norm pinv qr solve "
              "solve_triangular svd",
    "math": "cdist erf erfc erfinv extract_sequences fft fft2 ifft2 in_top_k irfft istft logdet logsumexp rfft rsqrt "
            "segment_max segment_min segment_prod segment_sum stft top_k view_as_real",
    "core": "associative_scan cast cond fori_loop map saturate_cast scan scatter scatter_update slice slice_update "
            "stop_gradient switch unstack vectorized_map while_loop",
    "einops": "rearrange",
}
# Functions that make tensors of numbers, or that Keras has no class for.
PLAIN = ("arange bartlett blackman convert_to_numpy convert_to_tensor custom_gradient dtype empty eye full hamming "
         "hanning identity is_tensor kaiser linspace ndim ones shape size tri vectorize zeros")
CLASSES = {
    "abs": "Absolute", "allclose": "AllClose", "batch_normalization": "BatchNorm", "cdist": "CDist",
    "fft": "FFT", "fft2": "FFT2", "hard_swish": "HardSilu", "ifft2": "IFFT2", "irfft": "IRFFT", "isin": "IsIn",
    "istft": "ISTFT", "rfft": "RFFT", "stft": "STFT", "jvp": "JVP", "layer_normalization": "LayerNorm", "psnr": "PSNR",
    "rms_normalization": "RMSNorm", "searchsorted": "SearchSorted", "svd": "SVD", "swish": "Silu",
}
# Arguments that a function is called on; the others are settings.
OPERANDS = ("x x1 x2 y xs inputs kernel depthwise_kernel pointwise_kernel a b target output targets predictions "
            "condition indices values updates start_indices data segment_ids sorted_sequence query key value bias "
            "mask scale weights mean variance offset gamma beta fill_value rtol atol constant_values array bins q "
            "condlist choicelist default tensor pattern start stop f fun elems elements primals tangents init "
            "init_val index branches loop_vars pred true_fn false_fn variable")
SETTINGS = {"allclose": ("rtol", "atol"), "bincount": ("weights",), "diagonal": ("offset",), "histogram": ("bins",),
            "squareplus": ("b",), "trace": ("offset",), "trapezoid": ("x",), "unique": ("fill_value",)}

# Ops of the engine that are a function of Keras, with the names of their attributes there.
SAME_ATTRIBUTES: dict[str, tuple[str, dict[str, str]]] = {
    "reshape": ("reshape", {"shape": "newshape"}), "transpose": ("transpose", {"perm": "axes"}),
    "expand_dims": ("expand_dims", {"axis": "axis"}), "squeeze": ("squeeze", {"axis": "axis"}),
    "cast": ("cast", {"dtype": "dtype"}), "softmax": ("softmax", {"axis": "axis"}),
    "tile": ("tile", {"multiples": "repeats"}), "reverse": ("flip", {"axis": "axis"}), "divide": ("true_divide", {}),
    **{f"reduce_{name}": (name, {"axis": "axis", "keepdims": "keepdims"}) for name in ("max", "min", "prod")},
    **{name: (name, {}) for name in ("abs", "elu", "logical_not", "ones_like", "relu", "round", "selu", "sigmoid",
                                     "softplus", "softsign", "square", "stop_gradient", "where", "zeros_like")},
}


class Operation:
    """A function with its settings, which a model calls on symbols.

    Parameters
    ----------
    function : its name in `keras.ops`
    settings : arguments that are no operands
    name : "add", "add_1" and so on if None
    """

    built, trainable, weights = True, False, ()

    def __init__(self, function: str, settings: Mapping[str, Any], name: str | None = None) -> None:
        self.function = function
        self.settings = dict(settings)
        self.name = name or auto_name(self.class_name)
        self.calls_on_symbols: list[LayerCall] = []

    @property
    def class_name(self) -> str:
        """The class that Keras has for it."""
        if self.function == "relu" and self.settings:
            return "ReLU"
        return CLASSES.get(self.function) or "".join(part.capitalize() for part in self.function.split("_"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result for operands; of symbols it is remembered."""
        operands = flatten((args, kwargs))[1]
        symbol = next((x for x in operands if is_symbol(x)), None)
        if symbol is None or is_drawing():
            return self._result(args, kwargs)
        graph = symbol.graph
        assert isinstance(graph, SymbolicGraph), "a symbol without its graph"
        with graph.call(self, args, kwargs) as found:
            found.append(apart_from(self._result(args, kwargs), operands))
        return found[0]

    def _result(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        call, names, takes_any = _function(self.function)
        if takes_any:                       # settings stand in front of the operands, or have to be named
            kinds = inspect.signature(call).parameters
            named = {key: x for key, x in self.settings.items() if kinds[key].kind is inspect.Parameter.KEYWORD_ONLY}
            return call(*(x for key, x in self.settings.items() if key not in named), *args, **named)
        return call(**dict(zip(names, args, strict=False)), **kwargs, **self.settings)

    def count_params(self) -> int:
        return 0

    def as_config(self) -> dict[str, Any]:
        """Its configuration in Keras's form."""
        home = next((m for m, names in MODULES.items() if self.function in names.split()), "numpy")
        module = ACTIVATIONS if self.class_name == "ReLU" else SOURCE + home
        return {"module": module, "class_name": self.class_name, "registered_name": self.class_name,
                "config": {"name": self.name, **{key: _written(value) for key, value in self.settings.items()}}}

    @staticmethod
    def is_config(config: Mapping[str, Any]) -> bool:
        """Whether a configuration is of an operation, not of a layer; in ``.h5`` files no module says it."""
        if "module" not in config:
            return "trainable" not in config["config"] and config["class_name"] in _functions_of_classes()
        module = str(config["module"])
        return module.startswith(SOURCE) or module == ACTIVATIONS

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Operation:
        """The operation of a configuration, its values already made.

        Raises
        ------
        InvalidArgumentError for a class that is not known, or a setting that the function does not have.
        """
        names = _functions_of_classes()
        function = names.get(str(config["class_name"]))
        if function is None:
            raise InvalidArgumentError(f"there is no operation {config['class_name']!r}", op="Operation",
                                       fix=suggestion(str(config["class_name"]), names))
        settings = dict(config["config"])
        name = settings.pop("name", None)
        settings.pop("dtype", None) if settings.get("dtype") is None else None
        known = inspect.signature(_function(function)[0]).parameters
        unknown = [key for key, value in settings.items()
                   if key not in known and value is not None and value is not False]
        if unknown:
            raise InvalidArgumentError(f"keras.ops.{function} has no argument {unknown[0]!r}", op="Operation",
                                       fix=suggestion(unknown[0], known))
        return cls(function, {key: value for key, value in settings.items() if key in known}, name)


@cache
def _function(name: str) -> tuple[Callable[..., Any], tuple[str, ...], bool]:
    """A function of `keras.ops`, the names of its operands, and whether it takes any number of them."""
    from . import ops

    function = getattr(ops, name)
    parameters = inspect.signature(function).parameters.values()
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return function, tuple(p.name for p in parameters if _is_operand(name, p)), takes_any


def _is_operand(function: str, parameter: inspect.Parameter) -> bool:
    return parameter.kind is parameter.VAR_POSITIONAL or (
        parameter.name in OPERANDS.split() and parameter.name not in SETTINGS.get(function, ()))


@cache
def _functions_of_classes() -> dict[str, str]:
    from . import ops

    names = {Operation(name, {}, name).class_name: name for name in reversed(ops.__all__) if name not in PLAIN.split()}
    return {**names, "ReLU": "relu"}


def _written(setting: Any) -> Any:
    return serialize_keras_object(setting) if isinstance(setting, FunctionType) else setting


# -------------------------------------------------------------------- calls

def recorded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `keras.ops` whose calls on symbols, outside of layers, are remembered as those of layers are."""
    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if is_drawing() or not (_has_symbol(args) or _has_symbol(kwargs.values())):
            return function(*args, **kwargs)
        operation, operands, named = _taken_apart(name, function, args, kwargs)
        return operation(*operands, **named)

    return called


def apart_from(result: Any, operands: list[Any]) -> Any:
    """Results that are operands as nodes of their own, so that it is known who made them."""
    ids = {id(x) for x in operands}
    structure, leaves = flatten(result)
    return structure.fill([L.identity(x) if id(x) in ids else x for x in leaves])


def _has_symbol(values: Any) -> bool:
    return any(is_symbol(x) or (isinstance(x, (list, tuple)) and _has_symbol(x))
               or (isinstance(x, dict) and _has_symbol(x.values())) for x in values)


def _taken_apart(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Operation, list[Any], dict[str, Any]]:
    """The operation of a call, and its operands: by place up to where something else stands, then by name."""
    signature = inspect.signature(function)
    bound = signature.bind(*args, **kwargs)
    operands: list[Any] = []
    named: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    is_gap = False
    for p in signature.parameters.values():
        given = p.name in bound.arguments
        value = bound.arguments.get(p.name, p.default)
        if p.kind is p.VAR_POSITIONAL:
            operands += list(value)
        elif p.kind is p.VAR_KEYWORD:
            named.update(value if given else {})
        elif not _is_operand(name, p):
            settings[p.name] = value
            is_gap = True
        elif not given:
            is_gap = True
        elif is_gap:
            named[p.name] = value
        else:
            operands.append(value)
    if name == "relu" and all(signature.parameters[key].default == value for key, value in settings.items()):
        settings = {}
    return Operation(name, settings), operands, named


@cache
def _same() -> dict[str, tuple[str, dict[str, str]]]:
    """For the name of an op the function of Keras that it is, and its attributes' names there."""
    from .ops import pointwise as own

    plain = {**own.OF_FRACTIONS, **own.OF_NUMBERS, **own.OF_TWO, **own.OF_TWO_TENSORS, **own.OF_BITS,
             **own.SHIFTS, **own.OF_TWO_FRACTIONS, **own.OF_TRUTHS}
    folds = {**own.FOLDS, **own.FOLDS_OF_FRACTIONS, **own.FOLDS_OF_TRUTHS}
    fold = {"axis": "axis", "keepdims": "keepdims"}
    return {**{op: (name, {}) for name, op in reversed(plain.items())},
            **{op: (name, fold) for name, op in reversed(folds.items())}, **SAME_ATTRIBUTES}


def call_of_node(node: Node) -> LayerCall | None:
    """A node that a program's operator, or function outside of Keras, added, as a call; None if Keras has none such."""
    if not any(is_symbol(t) for t in node.inputs) or isinstance(node.op, Const):
        return None
    settings: dict[str, Any] = {}
    op, values = node.op, [t if not isinstance(t.node.op, Const) else _number(t.node.op) for t in node.inputs]
    if op.name == "get_item" and len(values) == 1:
        function, values = "get_item", [values[0], _key(op.index)]
    elif op.name == "matmul" and not (op.transpose_a or op.transpose_b):
        function = "matmul"
    elif op.name in ("concat", "stack"):
        function, settings, values = {"concat": "concatenate"}.get(op.name, op.name), {"axis": op.axis}, [values]
    elif op.name in _same() and not (op.name == "divide" and not node.inputs[0].dtype.is_floating):
        function, attributes = _same()[op.name]
        settings = {there: _plain(getattr(op, here), there) for here, there in attributes.items()}
    else:
        return None
    return LayerCall(Operation(function, settings), tuple(values), {}, node.outputs, node.index)


def _number(op: Const) -> Any:
    array = op.value.array
    return array.item() if not array.ndim else array


def _plain(value: Any, name: str) -> Any:
    """An attribute as Keras has it: types by name, a single axis as a number."""
    is_single = name == "axis" and isinstance(value, tuple) and len(value) == 1
    return value[0] if is_single else getattr(value, "name", value)


def _key(index: tuple[Any, ...]) -> Any:
    """An index as Python writes it."""
    words = {"...": ..., "newaxis": None}
    entries = tuple(slice(entry[0], entry[1], None if entry[2] == 1 else entry[2]) if isinstance(entry, tuple)
                    else words.get(entry, entry) for entry in index)
    return entries[0] if len(entries) == 1 else entries


SymbolicGraph.as_call = staticmethod(call_of_node)
