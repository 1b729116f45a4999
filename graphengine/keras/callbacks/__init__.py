"""Callbacks with Keras 3's names: what is told of the progress of training, and may change it."""
from __future__ import annotations

from ...frontend.surface import refusing
from .callback import Callback, History, LambdaCallback
from .callback_list import CallbackList
from .control import BackupAndRestore, LearningRateScheduler, SwapEMAWeights, TerminateOnNaN
from .monitors import EarlyStopping, ModelCheckpoint, MonitorCallback, ReduceLROnPlateau
from .progress import ProgbarLogger
from .records import CSVLogger, TensorBoard

__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback",
    "LearningRateScheduler", "ModelCheckpoint", "MonitorCallback", "ProgbarLogger", "ReduceLROnPlateau",
    "SwapEMAWeights", "TensorBoard", "TerminateOnNaN",
]
__getattr__ = refusing(__name__, lambda: __all__)
