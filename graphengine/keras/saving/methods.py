"""The methods of models that save and load, and how a compiled model is written down."""
from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidArgumentError
from ..registry import deserialize_keras_object, serialize_keras_object

Path = str | os.PathLike[str]


class Saved:
    """What models can do with files."""

    built: bool
    optimizer: Any
    trainable_variables: list[Any]
    _compiled: Any

    def save(self, filepath: Path, overwrite: bool = True, zipped: bool | None = None, **unknown: Any) -> None:
        """Write the model to a ``.keras`` or ``.h5`` file; see `keras.saving.save_model`."""
        from .files import save_model  # imported here, since most programs neither load nor save

        save_model(self, filepath, overwrite, zipped, **unknown)

    def as_module(self, input_signature: Any = None) -> Any:
        """The model as a module with a traced function `serve`; see `export`."""
        from .export import as_module

        return as_module(self, input_signature)

    def export(
        self, filepath: Path, format: str = "tf_saved_model", verbose: Any = None, input_signature: Any = None,
    ) -> None:
        """Write what the model answers, without what it needs to learn.

        Parameters
        ----------
        filepath : the folder for `saved_model.load`, where what is loaded has a function `serve`; or the ONNX file,
            where outputs are called output_0, output_1 ..., or as the keys of the model's dict
        format : "tf_saved_model" or "onnx"
        input_signature : a list with a TensorSpec, or the structure of them that the model takes; None: what it was
            built for, with any batch size

        Raises
        ------
        InvalidArgumentError if the inputs are not known, or for another format.
        UnimplementedError if parts of the model have no form in ONNX: it names all of them, and nothing is written.
        NotFoundError for ONNX if the package onnx is not installed: ``pip install graphengine[onnx]``.
        """
        if format not in ("tf_saved_model", "onnx"):
            raise InvalidArgumentError(f"format={format!r}; a model is exported as 'tf_saved_model' or 'onnx'",
                                       op="export")
        module = self.as_module(input_signature)
        if format == "onnx":
            from ...frontend.onnx_export import save_function

            save_function(module.serve.get_concrete_function().concrete, filepath, module.input_names)
        else:
            from ...frontend import saved_model

            saved_model.save(module, filepath, signatures=module.serve)
        if verbose:
            print(f"Saved artifact at '{os.fspath(filepath)}'.")

    def save_weights(self, filepath: Path, overwrite: bool = True, max_shard_size: Any = None) -> None:
        """Write the variables to a ``.weights.h5`` file; see `keras.saving.save_weights`."""
        from .files import save_weights

        save_weights(self, filepath, overwrite, max_shard_size)

    def load_weights(self, filepath: Path, skip_mismatch: bool = False, **unknown: Any) -> None:
        """Take the variables of a ``.weights.h5``, ``.keras`` or ``.h5`` file; see `keras.saving.load_weights`."""
        from .files import load_weights

        load_weights(self, filepath, skip_mismatch, **unknown)

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as text, for `keras.models.model_from_json`; arguments are those of ``json.dumps``."""
        config = serialize_keras_object(self)
        return json.dumps({key: part for key, part in config.items() if key != "compile_config"}, **kwargs)

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile` as plain data; None if it was not called."""
        made = self._compiled
        if made is None:
            return None
        names = ("loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution")
        given = {"optimizer": self.optimizer, **{name: getattr(made, name) for name in names}}
        found: dict[str, Any] = serialize_keras_object(given)
        return found

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with the arguments of `get_compile_config`, and let the optimizer make its variables."""
        known = {key: value for key, value in config.items() if key not in ("jit_compile", "auto_scale_loss")}
        self.compile(**deserialize_keras_object(known))  # type: ignore[attr-defined]
        if self.built and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model of a configuration that `Model.to_json` wrote, with new weights."""
    return deserialize_keras_object(json.loads(json_string), custom_objects)
