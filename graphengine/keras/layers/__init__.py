"""Layers, as Keras 3 names them."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...frontend.surface import refusing
from ...later import later
from ..functional import Input, InputLayer
from ..input_spec import InputSpec
from ..layer import Layer
from ..registry import deserialize as _deserialize
from ..registry import get_object, register_later, serialize_keras_object
from .activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .attention import AdditiveAttention, Attention, GroupedQueryAttention, MultiHeadAttention
from .convolutional import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from .core import Dense, EinsumDense, Embedding, Identity, Lambda, ReversibleEmbedding, Wrapper
from .masking import Masking
from .merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    SpectralNormalization,
    UnitNormalization,
)
from .pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from .preprocessing import CategoryEncoding, Discretization, Normalization, Rescaling, Resizing
from .regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from .reshaping import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from .rnn import GRU, LSTM, RNN, SimpleRNN
from .rnn_cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from .wrappers import Bidirectional, TimeDistributed

if TYPE_CHECKING:
    from .adaptive_pooling import (
        AdaptiveAveragePooling1D,
        AdaptiveAveragePooling2D,
        AdaptiveAveragePooling3D,
        AdaptiveMaxPooling1D,
        AdaptiveMaxPooling2D,
        AdaptiveMaxPooling3D,
    )
    from .conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
    from .image_boxes import MaxNumBoundingBoxes
    from .image_chains import AugMix, Pipeline, RandAugment
    from .image_color import (
        AutoContrast,
        ContrastLimitedAdaptiveHistogramEqualization,
        Equalization,
        RandomBrightness,
        RandomColorDegeneration,
        RandomColorJitter,
        RandomContrast,
        RandomGaussianBlur,
        RandomGrayscale,
        RandomHue,
        RandomInvert,
        RandomPosterization,
        RandomSaturation,
        RandomSharpness,
        Solarization,
    )
    from .image_geometry import (
        CenterCrop,
        RandomCrop,
        RandomElasticTransform,
        RandomFlip,
        RandomPerspective,
        RandomRotation,
        RandomShear,
        RandomTranslation,
        RandomZoom,
    )
    from .image_mixing import CutMix, MixUp, RandomErasing
    from .lookup import Hashing, IntegerLookup, StringLookup, TextVectorization
    from .spectrograms import MelSpectrogram, STFTSpectrogram

# Most programs do without these, so that their modules are loaded when one of them is first used.
_LATER = {
    ".adaptive_pooling": """
        AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
        AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D
    """,
    ".conv_lstm": "ConvLSTM1D ConvLSTM2D ConvLSTM3D",
    ".image_geometry": """
        CenterCrop RandomCrop RandomElasticTransform RandomFlip RandomPerspective RandomRotation RandomShear
        RandomTranslation RandomZoom
    """,
    ".image_color": """
        AutoContrast ContrastLimitedAdaptiveHistogramEqualization Equalization RandomBrightness
        RandomColorDegeneration RandomColorJitter RandomContrast RandomGaussianBlur RandomGrayscale RandomHue
        RandomInvert RandomPosterization RandomSaturation RandomSharpness Solarization
    """,
    ".image_boxes": "MaxNumBoundingBoxes",
    ".image_chains": "AugMix Pipeline RandAugment",
    ".image_mixing": "CutMix MixUp RandomErasing",
    ".lookup": "Hashing IntegerLookup StringLookup TextVectorization",
    ".spectrograms": "MelSpectrogram STFTSpectrogram",
}
register_later("layers", *(f"{__name__}{home}" for home in _LATER))

# Keras's second names of the same layers.
GroupQueryAttention = GroupedQueryAttention
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D)
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose = (
    Conv1DTranspose, Conv2DTranspose, Conv3DTranspose)
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D


def get(identifier: Any) -> Any:
    """The layer that a name, a config or a layer stands for; None stays None."""
    return get_object("layers", identifier)


def serialize(layer: Layer) -> dict[str, Any]:
    """A layer as plain data."""
    return serialize_keras_object(layer)  # type: ignore[no-any-return]


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The layer that plain data describe."""
    return _deserialize("layers", config, custom_objects)


__all__ = [
    "Input", "InputLayer", "InputSpec", "Layer", "deserialize", "get", "serialize",
    "ELU", "Activation", "LeakyReLU", "PReLU", "ReLU", "Softmax",
    "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "DepthwiseConv1D",
    "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D",
    "Dense", "EinsumDense", "Embedding", "Identity", "Lambda", "ReversibleEmbedding", "Wrapper",
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract", "add", "average",
    "concatenate", "dot", "maximum", "minimum", "multiply", "subtract",
    "BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "SpectralNormalization",
    "UnitNormalization",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "MaxPooling1D",
    "MaxPooling2D", "MaxPooling3D",
    "CategoryEncoding", "Discretization", "Normalization", "Rescaling", "Resizing",
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D",
    "SpatialDropout2D", "SpatialDropout3D",
    "Cropping1D", "Cropping2D", "Cropping3D", "Flatten", "Permute", "RepeatVector", "Reshape", "UpSampling1D",
    "UpSampling2D", "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
    "GRU", "LSTM", "RNN", "SimpleRNN", "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells",
    "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D", "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D",
    "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional", "TimeDistributed", "Masking",
    "AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention",
    "AvgPool1D", "AvgPool2D", "AvgPool3D",
    "MaxPool1D", "MaxPool2D", "MaxPool3D",
    "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D",
    "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D",
    "Convolution1D", "Convolution2D", "Convolution3D",
    "Convolution1DTranspose", "Convolution2DTranspose", "Convolution3DTranspose",
    "SeparableConvolution1D", "SeparableConvolution2D",
    "AugMix", "AutoContrast", "CenterCrop", "ContrastLimitedAdaptiveHistogramEqualization", "CutMix",
    "Equalization", "MaxNumBoundingBoxes", "MelSpectrogram", "MixUp", "Pipeline", "RandAugment", "RandomBrightness",
    "RandomColorDegeneration", "RandomColorJitter", "RandomContrast", "RandomCrop", "RandomElasticTransform",
    "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert",
    "RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation", "RandomSharpness",
    "RandomShear", "RandomTranslation", "RandomZoom", "STFTSpectrogram", "Solarization",
    "Hashing", "IntegerLookup", "StringLookup", "TextVectorization",
]
__getattr__, __dir__ = later(
    __name__, {name: f"{home}:{name}" for home, names in _LATER.items() for name in names.split()},
    refusing(__name__, lambda: __all__))
