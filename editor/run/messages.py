"""What the window and the process that runs graphs say to each other: plain values that pickle.

Cards are named by id, results by (card, number of output). The process never sends a whole tensor unless asked for.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Output = tuple[str, int]


# -------------------------------------------------------------------- to the process

@dataclass(frozen=True)
class Load:
    """From now on this is the graph. Variables keep their values if the model is the same; else they begin anew.

    text : the document as `editor.model.files.to_text` writes it
    arrays : its large arrays, only those that the process has not been sent yet
    folder : what paths of data are relative to
    serial : number of this version; answers name it
    anew : it is another document, so variables begin with their first values
    """

    text: str
    arrays: Mapping[str, Array]
    folder: str
    serial: int
    anew: bool = False


@dataclass(frozen=True)
class Run:
    """Compute every card once. feeds : by card, values of placeholders and constants in place of the document's.

    serial : names the graph with these values in answers; None: it is the one that was loaded
    """

    feeds: Mapping[str, Any] = field(default_factory=dict)
    serial: int | None = None


@dataclass(frozen=True)
class Train:
    """Train as the Train card `card` says, from the values that the variables have (`fresh`: from the beginning)."""

    card: str
    fresh: bool = False


@dataclass(frozen=True)
class Step:
    """One step of training, then pause. fresh : as of `Train`."""

    card: str
    fresh: bool = False


@dataclass(frozen=True)
class Stop:
    """End the training or run after the present step; variables keep what they have learnt."""


@dataclass(frozen=True)
class Pause:
    """Hold the training; `Train` without `fresh` goes on."""


@dataclass(frozen=True)
class SetLearningRate:
    value: float


@dataclass(frozen=True)
class Inspect:
    """Ask for the elements of one result. index : one entry an axis, a number or None for all; at most 2 are None."""

    output: Output
    index: tuple[int | None, ...] | None = None


@dataclass(frozen=True)
class LookInside:
    """Ask for what the nodes inside a card compute. path : the card, then nodes, each inside the one before."""

    path: tuple[str, ...]


@dataclass(frozen=True)
class Compile:
    """Ask for what the compiler does. training : of the training step of this Train card; None: of a run."""

    training: str | None = None


@dataclass(frozen=True)
class MeasureProfile:
    """Run some times and ask for the time of each kernel. training : as in `Compile`."""

    training: str | None = None


@dataclass(frozen=True)
class Boundary:
    """Ask for the values of `output` over a grid of the two columns of placeholder `feed`."""

    feed: str
    output: Output
    low: tuple[float, float]
    high: tuple[float, float]
    points: int = 64


@dataclass(frozen=True)
class CheckData:
    """Ask whether data can be read.

    folder : what paths are relative to
    sources : by card, what stands under `data` in a `train` section
    """

    folder: str
    sources: Mapping[str, Any]


@dataclass(frozen=True)
class GetWeights:
    """Ask for the values of all variables, to be saved with the document."""


@dataclass(frozen=True)
class ExportOnnx:
    """Write what cards give as a model of ONNX, with the values that variables have now."""

    path: str
    cards: tuple[str, ...]


@dataclass(frozen=True)
class Restore:
    """Give variables the values that they had in a process that ended; those that fit. Sent by the window's side."""

    values: Mapping[str, Array]


@dataclass(frozen=True)
class Quit:
    pass


@dataclass(frozen=True)
class Unreadable:
    """Stands where a request was that could not be read. problem : why; made by the process itself."""

    problem: str


Request = (Load | Run | Train | Step | Stop | Pause | SetLearningRate | Inspect | LookInside | Compile | MeasureProfile
           | Boundary | CheckData | GetWeights | ExportOnnx | Restore | Quit | Unreadable)


# -------------------------------------------------------------------- from the process

@dataclass(frozen=True)
class Preview:
    """What a result looks like.

    minimum, maximum, mean, std : over the finite elements; None if there are none, or no numbers
    histogram : counts in 64 bins between minimum and maximum
    thumbnail : uint8, (h, w) or (h, w, 3), at most 128 a side; None where a picture says nothing
    text : the value itself where it is short
    is_random : it depends on random numbers: drawn in the graph, or in the place of a placeholder's value
    """

    dtype: str
    shape: tuple[int, ...]
    bytes: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    nans: int
    infs: int
    histogram: tuple[int, ...]
    thumbnail: Array | None
    text: str
    is_random: bool = False


@dataclass(frozen=True)
class Ready:
    """The process is up. pid : of it; machine : sentence about processor and threads."""

    pid: int
    machine: str


@dataclass(frozen=True)
class Loaded:
    """The graph is there. parameters : number of trained numbers; seconds : to build it.

    forgot : variables had other values than their first ones, and begin anew
    holders : cards that have variables
    """

    serial: int
    parameters: int
    seconds: float
    forgot: bool = False
    holders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Started:
    """what : "run", "train", "step", "compile", "profile"."""

    what: str


@dataclass(frozen=True)
class Values:
    """Previews of results, after a run or while training. seconds : the run took; serial : of the graph, as `Load`."""

    previews: Mapping[Output, Preview]
    seconds: float = 0.0
    serial: int = 0


@dataclass(frozen=True)
class TrainingProgress:
    """epochs : passes done, the present one as a fraction; of : wanted; rate : steps a second; left_s : estimate."""

    epochs: float
    of: int
    steps: int
    rate: float
    elapsed_s: float
    left_s: float
    learning_rate: float


@dataclass(frozen=True)
class Metrics:
    """Points of curves: epoch, and for each label ("loss", "accuracy", "test accuracy") the value there."""

    epoch: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class Several:
    """Replies that belong together; the window's side takes them apart."""

    replies: tuple[Any, ...]


@dataclass(frozen=True)
class VariableLook:
    """What a trained variable and the gradient of the loss by it look like. card : whose variable it is."""

    card: str
    weight: Preview
    gradient: Preview


@dataclass(frozen=True)
class Gradients:
    """Of each trained variable's card: norm of its gradient, of its value, of its last update; histogram of its value.

    A layer's card has the norm over all its variables, and the histogram of its largest.

    variables : each by itself, by its name
    serial : of the graph, as `Load` has it
    """

    norms: Mapping[str, float]
    weights: Mapping[str, Preview]
    updates: Mapping[str, float] = field(default_factory=dict)
    variables: Mapping[str, VariableLook] = field(default_factory=dict)
    serial: int = 0


@dataclass(frozen=True)
class Finished:
    """what : as in `Started`; stopped : before its end; seconds : it took."""

    what: str
    stopped: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class TensorPart:
    """Answer to `Inspect`: the elements asked for, at most 200 x 200 of the part; whole : shape of the result."""

    output: Output
    index: tuple[int | None, ...]
    whole: tuple[int, ...]
    dtype: str
    values: Array
    preview: Preview


@dataclass(frozen=True)
class InsideValues:
    """Answer to `LookInside`: by the name of a node there and the number of its result."""

    path: tuple[str, ...]
    previews: Mapping[Output, Preview]


@dataclass(frozen=True)
class KernelInfo:
    """A compiled kernel.

    cards : those whose ops are in it
    lines : for each line of `source` (from 0) the card it comes from, where there is one
    reason : why it ends here and does not take in its neighbour
    """

    name: str
    title: str
    cards: tuple[str, ...]
    source: str
    lines: Mapping[int, str]
    calls: int = 1
    reason: str = ""


@dataclass(frozen=True)
class StageNode:
    """A node of the graph at one stage of the compiler. cards : those it stands for."""

    id: str
    title: str
    category: str
    inputs: tuple[str, ...]
    cards: tuple[str, ...]
    shape: str
    group: str = ""


@dataclass(frozen=True)
class Stage:
    """The graph after a pass: "as drawn", "simplified" ..., "fused". fired : rules with where they were applied."""

    name: str
    nodes: tuple[StageNode, ...]
    fired: tuple[str, ...] = ()


@dataclass(frozen=True)
class MemoryInfo:
    """A buffer: offset and size in the arena in bytes, first and last step of its life, the cards whose value it is."""

    name: str
    offset: int
    bytes: int
    first: int
    last: int
    cards: tuple[str, ...]


@dataclass(frozen=True)
class Compiled:
    """Answer to `Compile`; training : the card whose step it is, None: a run."""

    stages: tuple[Stage, ...]
    kernels: tuple[KernelInfo, ...]
    memory: tuple[MemoryInfo, ...]
    arena_bytes: int
    seconds: float
    text: str
    training: str | None = None


@dataclass(frozen=True)
class ProfileRow:
    """One kernel in a run: shortest seconds, bytes it moves, operations, share of the machine's bandwidth (0 to 1)."""

    kernel: str
    cards: tuple[str, ...]
    seconds: float
    bytes: int
    operations: int | None
    bandwidth_share: float | None
    peak_share: float | None


@dataclass(frozen=True)
class ProfileResult:
    """Answer to `MeasureProfile`; cards : seconds shared out to the drawn cards; training : as in `Compiled`."""

    rows: tuple[ProfileRow, ...]
    cards: Mapping[str, float]
    total_s: float
    training: str | None = None


@dataclass(frozen=True)
class BoundaryValues:
    """Answer to `Boundary`: (points, points) class numbers or values, with the rows of data beside."""

    output: Output
    grid: Array
    low: tuple[float, float]
    high: tuple[float, float]
    points: Array
    labels: Array | None


@dataclass(frozen=True)
class DataChecked:
    """Answer to `CheckData`: by card, what keeps its data from being read: in a sentence, and all that is known."""

    problems: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Weights:
    """Answer to `GetWeights`: variable's name in the graph -> value."""

    values: Mapping[str, Array]


@dataclass(frozen=True)
class Exported:
    """Answer to `ExportOnnx`: the file is there. outputs : names of what the model gives."""

    path: str
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Kept:
    """What variables hold, now and then while they change, for `Restore`; kept by the window's side, shown nowhere."""

    values: Mapping[str, Array]


@dataclass(frozen=True)
class Failed:
    """A request could not be carried out. card : where, if known; fix : what to do about it."""

    what: str
    text: str
    card: str | None = None
    fix: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Died:
    """The process ended; made by the window's side. A new one is on its way."""

    text: str


Reply = (Ready | Loaded | Started | Values | TrainingProgress | Metrics | Gradients | Finished | TensorPart
         | InsideValues | Compiled | ProfileResult | BoundaryValues | DataChecked | Weights | Exported | Kept | Several
         | Failed | Died)
