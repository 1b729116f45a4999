"""Models as ``.h5`` files, the form before ``.keras``: the configuration as an attribute, weights by the layers' names.

    model_config, training_config       attributes, JSON
    model_weights/dense                 a group for each layer; its attribute weight_names says where the arrays are
    optimizer_weights                   the optimizer's variables

Those of Keras 2 are read as far as their configurations mean the same.
"""
from __future__ import annotations

import inspect
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import FileFormatError, GraphEngineError, InvalidArgumentError
from ...frontend.structure import flatten
from ...io.files import brief
from ..registry import deserialize, deserialize_keras_object, serialize_keras_object
from .hdf5 import Groups

Array = np.ndarray[Any, Any]
MODEL, OPTIMIZER, TOP = "model_weights", "optimizer_weights", "top_level_model_weights"
MAX_TEXT_BYTES = 2**26
LARGEST_ATTRIBUTE_BYTES = 60_000                # of a list of names; HDF5 has 64 KB for an object's own
COMPILED = ("loss", "metrics", "weighted_metrics", "loss_weights")


# -------------------------------------------------------------------- writing

def model_bytes(model: Any, version: str) -> bytes:
    """A model as the bytes of an ``.h5`` file."""
    import h5py  # only who saves pays for it

    whole = serialize_keras_object(model)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=False) as file:
        file.attrs["keras_version"], file.attrs["backend"] = version, "tensorflow"
        config = {"class_name": type(model).__name__, "config": whole["config"]}
        file.attrs.create("model_config", json.dumps(config))
        compiled = whole.get("compile_config")
        if compiled is not None:
            optimizer = compiled.pop("optimizer")
            known = {key: optimizer[key] for key in ("class_name", "config")} if optimizer else None
            compiled["loss"] = _in_full(compiled["loss"])
            file.attrs["training_config"] = json.dumps({**compiled, "optimizer_config": known})
        weights = file.create_group(MODEL)
        weights.attrs["keras_version"], weights.attrs["backend"] = version, "tensorflow"
        _say(weights, "layer_names", [layer.name for layer in model.layers])
        for layer in sorted(model.layers, key=lambda x: x.name):
            _write(weights.create_group(layer.name), _in_order(layer))
        _write(weights.create_group(TOP), _own(model))
        if compiled is not None and model.optimizer is not None and model.optimizer.variables:
            _write(file.create_group(OPTIMIZER), model.optimizer.variables)
    return buffer.getvalue()


def _in_full(loss: Any) -> Any:
    """Losses by their long names: Keras reads no others from these files."""
    from .. import losses

    structure, leaves = flatten(loss)
    return structure.fill([losses.get(x).__name__ if isinstance(x, str) and inspect.isfunction(losses.get(x)) else x
                           for x in leaves])


def _write(group: Any, variables: Sequence[Any]) -> None:
    names: dict[str, Any] = {}
    for v in variables:
        path, count = v.path, 0
        while path in names:
            count += 1
            path = f"{v.path}_{count}"
        names[path] = v
    _say(group, "weight_names", list(names))
    for path, v in names.items():
        group.create_dataset(path, data=np.asarray(v.numpy()))


def _say(group: Any, name: str, words: Sequence[str]) -> None:
    """Words as an attribute, or as several if they are too long for one."""
    encoded = [w.encode() for w in words]
    longest = max((len(w) for w in encoded), default=1)
    size = max(LARGEST_ATTRIBUTE_BYTES // longest, 1)
    if len(encoded) <= size:
        group.attrs[name] = encoded
        return
    for k in range(0, len(encoded), size):
        group.attrs[f"{name}{k // size}"] = encoded[k:k + size]


def _in_order(layer: Any) -> list[Any]:
    """A layer's weights as these files have them: first those that are trained."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _own(model: Any) -> list[Any]:
    inside = {id(v) for layer in model.layers for v in layer.weights}
    return [v for v in _in_order(model) if id(v) not in inside]


# -------------------------------------------------------------------- reading

class LegacyFile(Groups):
    """An ``.h5`` file of a model or of weights; see `Groups`."""

    def config(self, name: str) -> Any:
        """JSON that stands in an attribute of the file; None if it is not there.

        Raises
        ------
        FileFormatError if it is something else.
        """
        text = self._file.attrs.get(name)
        if text is None:
            return None
        text = text.decode("utf8", "replace") if isinstance(text, bytes) else text
        if not isinstance(text, str) or len(text) > MAX_TEXT_BYTES:
            self._refuse(f"{name} is no text of a configuration")
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FileFormatError(f"{name} is no JSON: {error}", at=self.at, fix="restore it from a copy") from None

    def layers(self) -> dict[str, list[Array]]:
        """The arrays of each layer, by its name, in order."""
        root = self._group(self._file, MODEL) if MODEL in self._file else self._file
        names = self._words(root, "layer_names")
        return {name: self._arrays(self._group(root, name)) for name in (*names, *([TOP] if TOP in root else ()))}

    def optimizer(self) -> list[Array] | None:
        """The arrays of the optimizer; None if there are none."""
        return self._arrays(self._group(self._file, OPTIMIZER)) if OPTIMIZER in self._file else None

    def _group(self, parent: Any, path: str) -> Any:
        import h5py

        found = self._at(parent, path)
        if not isinstance(found, h5py.Group):
            self._refuse(f"{brief(path)} is no group")
        return found

    def _at(self, parent: Any, path: str) -> Any:
        import h5py

        for part in path.split("/"):
            parent = self._member(parent, part) if isinstance(parent, h5py.Group) and part not in ("", ".") else None
            if parent is None:
                self._refuse(f"there is no {brief(path)}")
        return parent

    def _arrays(self, group: Any) -> list[Array]:
        found = []
        for path in self._words(group, "weight_names"):
            parent, _, name = path.rpartition("/")
            found.append(self._array(self._at(group, parent) if parent else group, name))
        return found

    def _words(self, group: Any, name: str) -> list[str]:
        parts = [name] if name in group.attrs else []
        while not parts or parts[0] != name:
            if f"{name}{len(parts)}" not in group.attrs:
                break
            parts.append(f"{name}{len(parts)}")
        words = [w.decode("utf8", "replace") if isinstance(w, bytes) else w
                 for part in parts for w in np.asarray(group.attrs[part]).reshape(-1).tolist()]
        if not all(isinstance(w, str) for w in words):
            self._refuse(f"{name} are no names")
        return words


def model_of(file: LegacyFile, custom_objects: Mapping[str, Any] | None, is_compiled: bool, safe_mode: bool) -> Any:
    """The model of a file with its weights, compiled as it was if that can be read."""
    config = file.config("model_config")
    if not isinstance(config, dict):
        raise FileFormatError("the file has no configuration of a model", at=file.at,
                              fix="it may hold weights alone: model.load_weights(path)")
    model = deserialize_keras_object({"module": None, "registered_name": None, **config}, custom_objects,
                                     safe_mode=safe_mode)
    if not hasattr(model, "load_weights"):
        raise FileFormatError(f"the configuration is of {brief(str(config.get('class_name')))}, no model", at=file.at,
                              fix="check that the file is a saved model")
    load(model, file)
    training = file.config("training_config")
    if is_compiled and isinstance(training, dict):
        try:
            _compile(model, training, custom_objects)
        except (GraphEngineError, TypeError, ValueError, KeyError, AttributeError) as error:
            warnings.warn(f"the model was compiled in a way that is not known here, so compile it again: "
                          f"{brief(str(error))}", stacklevel=4)
            return model
        _restore_optimizer(model, file)
    return model


def _compile(model: Any, training: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> None:
    optimizer = deserialize("optimizers", training["optimizer_config"], custom_objects)
    settings = deserialize_keras_object({key: training.get(key) for key in COMPILED}, custom_objects)
    model.compile(optimizer, **settings)


def _restore_optimizer(model: Any, file: LegacyFile) -> None:
    arrays = file.optimizer()
    if arrays is None or model.optimizer is None:
        return
    model.optimizer.build(model.trainable_variables)
    own = model.optimizer.variables
    if [tuple(v.shape) for v in own] != [a.shape for a in arrays]:
        warnings.warn("the state of the optimizer does not fit; it begins anew", stacklevel=5)
        return
    for v, a in zip(own, arrays, strict=True):
        v.assign(a.astype(v.dtype.numpy))


def load(model: Any, file: LegacyFile, skip_mismatch: bool = False, by_name: bool = False) -> None:
    """Give a model a file's weights, layer after layer, or by the layers' names; nothing changes unless all fit.

    Raises
    ------
    InvalidArgumentError if they do not fit.
    """
    saved = file.layers()
    top = saved.pop(TOP, [])
    if by_name:
        pairs = [(layer.name, _in_order(layer), saved[layer.name]) for layer in model.layers if layer.name in saved]
    else:
        layers = [x for x in model.layers if x.weights]
        filled = {name: arrays for name, arrays in saved.items() if arrays}
        if len(layers) != len(filled):
            raise InvalidArgumentError(
                f"the model has {len(layers)} layers with weights, the file {len(filled)}", op="load_weights",
                at=file.at, fix="use the model that was saved, or by_name=True")
        pairs = [(x.name, _in_order(x), arrays) for x, arrays in zip(layers, filled.values(), strict=True)]
    if top:
        pairs.append((model.name, _own(model), top))
    fitting = []
    for name, weights, arrays in pairs:
        shapes = [tuple(w.shape) for w in weights], [a.shape for a in arrays]
        if shapes[0] == shapes[1]:
            fitting += list(zip(weights, arrays, strict=True))
            continue
        message = f"layer {name!r} has weights of shapes {shapes[0]}, the file of {shapes[1]}"
        if not skip_mismatch:
            raise InvalidArgumentError(message, op="load_weights", at=file.at, fix="use the model that was saved")
        warnings.warn(message, stacklevel=4)
    for weight, array in fitting:
        weight.assign(array.astype(weight.dtype.numpy))
