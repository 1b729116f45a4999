"""Layers, their arguments and inputs, for values recorded from Keras and for the test that compares with them.

Inputs and weights are numbers that follow from their shape alone, so that no one has to store them.
"""
from __future__ import annotations

import numpy as np


def ramp(shape, phase=0.0):
    """Numbers between -1.2 and 1.2 that look random and differ from place to place."""
    count = int(np.prod(shape, dtype=int))
    return (1.2 * np.sin(1.0 + phase + 2.3 * np.arange(count))).reshape(shape).astype(np.float32)


def whole(shape, below):
    """Whole numbers from 0 to before `below`."""
    return (np.arange(int(np.prod(shape, dtype=int))) * 7 % below).reshape(shape).astype(np.int32)


def weights_for(shapes):
    """A weight of each shape; those that stand for variances have to be positive, so all are made so where it helps."""
    return [ramp(shape, 0.37 * (k + 1)) for k, shape in enumerate(shapes)]


def fingerprint(array):
    """The shape, two sums that weigh every element differently, and the first elements."""
    flat = np.asarray(array, np.float64).reshape(-1)
    k = np.arange(flat.size)
    sums = [float(np.sum(flat * np.cos(1.7 * k))), float(np.sum(flat * np.sin(0.9 * k + 0.5)))]
    return {"shape": list(np.shape(array)), "sums": sums, "first": flat[:4].tolist()}


def case(layer, *inputs, name="", training=(False,), ints=None, mask=None, **arguments):
    """One layer applied to inputs of these shapes.

    ints : the inputs are whole numbers below it
    mask : shape of a mask
    """
    return {"id": layer + (f"/{name}" if name else ""), "layer": layer, "inputs": inputs, "training": training,
            "ints": ints, "mask": mask, "arguments": arguments}


SIGNAL, IMAGE, VOLUME = (2, 7, 4), (2, 6, 5, 4), (1, 4, 5, 4, 2)
BOTH = (False, True)

CASES = [
    case("Dense", (3, 4), units=5),
    case("Dense", (2, 3, 4), name="deep", units=5, activation="tanh", use_bias=False),
    case("Dense", (2, 2, 3, 4), name="regularized", units=2, kernel_regularizer="l2", activity_regularizer="l1"),
    case("EinsumDense", (2, 3, 4), equation="abc,cd->abd", output_shape=[None, 5], bias_axes="d"),
    case("EinsumDense", (2, 3, 4), name="heads", equation="abc,cde->abde", output_shape=[None, 2, 3], bias_axes="de"),
    case("EinsumDense", (2, 3, 4), name="back", equation="abc,bcd->ad", output_shape=5, activation="relu"),
    case("EinsumDense", (2, 3, 4), name="dots", equation="...x,xy->...y", output_shape=5, bias_axes="y"),
    case("EinsumDense", (2, 3, 4), name="dots behind", equation="ab...,bc->ac...", output_shape=[5, 4],
         bias_axes="c"),
    case("Embedding", (2, 3), ints=6, input_dim=6, output_dim=4),
    case("STFTSpectrogram", (2, 20, 2), frame_length=8),
    case("STFTSpectrogram", (2, 20, 2), name="squares", mode="psd", frame_length=6, frame_step=2, window="hamming",
         padding="same", expand_dims=True),
    case("STFTSpectrogram", (2, 20, 2), name="both", mode="stft", frame_length=6, fft_length=16, scaling="spectrum",
         periodic=True),
    case("STFTSpectrogram", (2, 2, 20), name="angles", mode="angle", frame_length=8, scaling=None,
         data_format="channels_first"),
    case("STFTSpectrogram", (2, 2, 20), name="sines", mode="imag", frame_length=8, window=None, expand_dims=True,
         data_format="channels_first"),
    case("MelSpectrogram", (2, 60), fft_length=16, sequence_stride=8, num_mel_bins=3, min_power=0.05, ref_power=0.5),
    case("MelSpectrogram", (1, 60), name="powers", fft_length=16, sequence_stride=8, sequence_length=12,
         window="hamming", num_mel_bins=4, max_freq=9000, power_to_db=False, mag_exp=1.0),
    case("Activation", (2, 5), activation="sigmoid"),
    case("ReLU", (2, 9)),
    case("ReLU", (2, 9), name="limits", max_value=0.9, negative_slope=0.2, threshold=0.3),
    case("LeakyReLU", (2, 9)),
    case("PReLU", (2, 3, 4)),
    case("PReLU", (2, 3, 4), name="shared", shared_axes=[1]),
    case("ELU", (2, 9), alpha=0.7),
    case("Softmax", (2, 3, 4)),
    case("Softmax", (2, 3, 4), name="axes", axis=[1, 2]),
    case("Softmax", (2, 3), name="mask", mask=(2, 3)),
    case("ActivityRegularization", (2, 3), l1=0.1, l2=0.2),
    case("Dropout", (2, 3), rate=0.5),
    case("GaussianNoise", (2, 3), stddev=0.5),
    case("AlphaDropout", (2, 3), rate=0.5),
    case("Flatten", (2, 3, 4)),
    case("Flatten", (2, 3, 4), name="channels first", data_format="channels_first"),
    case("Flatten", (3,), name="vector"),
    case("Reshape", (2, 3, 4), target_shape=[2, -1]),
    case("Permute", (2, 3, 4), dims=[2, 1]),
    case("RepeatVector", (2, 3), n=4),
    case("ZeroPadding1D", SIGNAL, padding=[1, 2]),
    case("ZeroPadding2D", IMAGE, padding=[[1, 0], [2, 1]]),
    case("ZeroPadding2D", IMAGE, name="channels first", padding=[1, 2], data_format="channels_first"),
    case("ZeroPadding3D", VOLUME),
    case("Cropping1D", SIGNAL, cropping=[1, 2]),
    case("Cropping2D", IMAGE, cropping=[[1, 0], [0, 2]]),
    case("Cropping2D", IMAGE, name="channels first", cropping=1, data_format="channels_first"),
    case("Cropping3D", VOLUME, cropping=[1, 0, 1]),
    case("UpSampling1D", SIGNAL, size=3),
    case("UpSampling2D", IMAGE, size=[2, 3]),
    case("UpSampling2D", IMAGE, name="bilinear", size=2, interpolation="bilinear"),
    case("UpSampling2D", IMAGE, name="channels first", size=2, data_format="channels_first"),
    case("UpSampling3D", VOLUME),
    case("Conv1D", SIGNAL, filters=3, kernel_size=3, strides=2, padding="same", activation="relu"),
    case("Conv1D", SIGNAL, name="causal", filters=4, kernel_size=3, padding="causal", dilation_rate=2, groups=2),
    case("Conv1D", SIGNAL, name="channels first", filters=3, kernel_size=2, data_format="channels_first"),
    case("Conv2D", IMAGE, filters=3, kernel_size=3),
    case("Conv2D", IMAGE, name="same", filters=3, kernel_size=[2, 3], strides=[2, 1], padding="same", use_bias=False),
    case("Conv2D", IMAGE, name="groups", filters=6, kernel_size=2, groups=2, dilation_rate=2),
    case("Conv2D", IMAGE, name="channels first", filters=3, kernel_size=3, padding="same",
         data_format="channels_first"),
    case("Conv2D", IMAGE, name="points", filters=3, kernel_size=1),
    case("Conv3D", VOLUME, filters=3, kernel_size=2, strides=[1, 2, 1]),
    case("DepthwiseConv1D", SIGNAL, kernel_size=3, depth_multiplier=2, padding="same"),
    case("DepthwiseConv2D", IMAGE, kernel_size=3, depth_multiplier=2, strides=2),
    case("DepthwiseConv2D", IMAGE, name="channels first", kernel_size=2, data_format="channels_first"),
    case("SeparableConv1D", SIGNAL, filters=3, kernel_size=3, depth_multiplier=2),
    case("SeparableConv2D", IMAGE, filters=3, kernel_size=3, padding="same", activation="tanh"),
    case("Conv1DTranspose", SIGNAL, filters=3, kernel_size=3, strides=2),
    case("Conv1DTranspose", SIGNAL, name="same", filters=3, kernel_size=3, strides=2, padding="same"),
    case("Conv1DTranspose", SIGNAL, name="gaps", filters=3, kernel_size=2, strides=3),
    case("Conv1DTranspose", SIGNAL, name="output padding", filters=3, kernel_size=3, strides=2, padding="same",
         output_padding=1),
    case("Conv2DTranspose", IMAGE, filters=3, kernel_size=3),
    case("Conv2DTranspose", IMAGE, name="same", filters=3, kernel_size=[2, 3], strides=[2, 1], padding="same"),
    case("Conv2DTranspose", IMAGE, name="dilated", filters=3, kernel_size=2, dilation_rate=2),
    case("Conv2DTranspose", IMAGE, name="channels first", filters=3, kernel_size=2, strides=2,
         data_format="channels_first"),
    case("Conv3DTranspose", VOLUME, filters=3, kernel_size=2, strides=2, padding="same"),
    case("MaxPooling1D", SIGNAL),
    case("MaxPooling1D", SIGNAL, name="same", pool_size=3, strides=2, padding="same"),
    case("MaxPooling2D", IMAGE, pool_size=[2, 3], strides=1),
    case("MaxPooling2D", IMAGE, name="channels first", data_format="channels_first"),
    case("MaxPooling3D", VOLUME),
    case("AveragePooling1D", SIGNAL, pool_size=3),
    case("AveragePooling2D", IMAGE, pool_size=3, strides=2, padding="same"),
    case("AveragePooling3D", VOLUME, pool_size=2),
    case("GlobalMaxPooling1D", SIGNAL),
    case("GlobalMaxPooling2D", IMAGE, keepdims=True),
    case("GlobalMaxPooling3D", VOLUME, data_format="channels_first"),
    case("GlobalAveragePooling1D", SIGNAL),
    case("GlobalAveragePooling1D", SIGNAL, name="mask", mask=(2, 7)),
    case("GlobalAveragePooling2D", IMAGE, data_format="channels_first"),
    case("GlobalAveragePooling3D", VOLUME, keepdims=True),
    case("BatchNormalization", (5, 3), training=BOTH),
    case("BatchNormalization", IMAGE, name="image", training=BOTH, axis=1, momentum=0.9, epsilon=1e-2, scale=False),
    case("BatchNormalization", SIGNAL, name="mask", training=BOTH, mask=(2, 7)),
    case("BatchNormalization", (5, 3), name="renorm", training=BOTH, renorm=True,
         renorm_clipping={"rmin": 0.5, "rmax": 1.5, "dmax": 0.5}),
    case("LayerNormalization", (3, 4)),
    case("LayerNormalization", (2, 3, 4), name="axes", axis=[1, 2], epsilon=1e-2),
    case("LayerNormalization", (2, 3, 4), name="middle", axis=1, center=False),
    case("GroupNormalization", (2, 3, 6), groups=2),
    case("GroupNormalization", (2, 6, 3), name="axis", groups=3, axis=1, center=False),
    case("GroupNormalization", (2, 4), name="each", groups=-1),
    case("RMSNormalization", (2, 3, 4)),
    case("UnitNormalization", (2, 3, 4)),
    case("UnitNormalization", (2, 3, 4), name="axes", axis=[1, 2]),
    case("Add", (2, 3), (2, 3), (2, 3)),
    case("Add", (2, 3, 4), (2, 4), name="ranks"),
    case("Subtract", (2, 3), (2, 3)),
    case("Multiply", (2, 3), (2, 1)),
    case("Average", (2, 3), (2, 3), (2, 3)),
    case("Maximum", (2, 3), (2, 3)),
    case("Minimum", (2, 3), (2, 3)),
    case("Concatenate", (2, 3), (2, 4)),
    case("Concatenate", (2, 3, 4), (2, 1, 4), name="axis", axis=1),
    case("Dot", (2, 3), (2, 3), axes=1),
    case("Dot", (2, 3, 4), (2, 5, 3), name="matrices", axes=[1, 2]),
    case("Dot", (2, 3, 4), (2, 4), name="normalized", axes=-1, normalize=True),
    case("Dot", (2, 3, 4, 5), (2, 5, 3), name="deep", axes=[3, 1]),
    case("Rescaling", (2, 3), scale=2.0, offset=-1.0),
    case("Normalization", (2, 3), mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]),
    case("Normalization", (2, 3, 4), name="inverse", axis=1, mean=0.5, variance=2.0, invert=True),
    case("CategoryEncoding", (2, 3), ints=4, num_tokens=4),
    case("CategoryEncoding", (2, 3), name="count", ints=3, num_tokens=4, output_mode="count"),
    case("CategoryEncoding", (4, 1), name="one hot", ints=4, num_tokens=4, output_mode="one_hot"),
    case("Discretization", (2, 5), bin_boundaries=[-0.5, 0.0, 0.8]),
    case("Discretization", (5, 1), name="one hot", bin_boundaries=[-0.5, 0.0, 0.8], output_mode="one_hot"),
    case("Resizing", (2, 6, 5, 3), height=4, width=7),
    case("Resizing", (2, 6, 5, 3), name="nearest", height=4, width=7, interpolation="nearest"),
    case("Resizing", (2, 6, 5, 3), name="crop", height=4, width=4, crop_to_aspect_ratio=True),
    case("Resizing", (2, 6, 3, 3), name="pad", height=4, width=4, pad_to_aspect_ratio=True, fill_value=0.5),
    case("Resizing", (2, 3, 6, 5), name="channels first", height=3, width=3, data_format="channels_first",
         antialias=True),
    case("Identity", (2, 3)),
    case("ReversibleEmbedding", (2, 3), ints=6, input_dim=6, output_dim=4),
    *(case(f"Adaptive{kind}Pooling1D", SIGNAL, name="few", output_size=3) for kind in ("Average", "Max")),
    *(case(f"Adaptive{kind}Pooling1D", (2, 3, 5), name="many", output_size=7, data_format="channels_first")
      for kind in ("Average", "Max")),
    *(case(f"Adaptive{kind}Pooling2D", IMAGE, output_size=[4, 2]) for kind in ("Average", "Max")),
    *(case(f"Adaptive{kind}Pooling3D", VOLUME, output_size=2) for kind in ("Average", "Max")),
    case("ConvLSTM1D", (2, 3, 6, 2), filters=3, kernel_size=3),
    case("ConvLSTM1D", (2, 3, 6, 2), name="strides", filters=2, kernel_size=2, strides=2, padding="same",
         return_sequences=True, recurrent_activation="hard_sigmoid", use_bias=False),
    case("ConvLSTM2D", (2, 3, 5, 4, 2), filters=2, kernel_size=[2, 3], unit_forget_bias=False),
    case("ConvLSTM2D", (2, 3, 2, 5, 4), name="channels first", filters=2, kernel_size=3, padding="same",
         data_format="channels_first", go_backwards=True),
    case("ConvLSTM2D", (1, 2, 5, 5, 1), name="dilated", filters=2, kernel_size=2, dilation_rate=2),
    case("ConvLSTM3D", (1, 2, 3, 4, 3, 1), filters=2, kernel_size=2),
]


def inputs_of(case):
    """The arrays that a case's layer is called on."""
    if case["ints"]:
        return [whole(shape, case["ints"]) for shape in case["inputs"]]
    return [ramp(shape, 0.11 * k) for k, shape in enumerate(case["inputs"])]


def mask_of(case):
    if case["mask"] is None:
        return None
    return (np.arange(int(np.prod(case["mask"]))) % 3 != 1).reshape(case["mask"])


def initial_weights(layer):
    """Values for a layer's weights: made from their shapes, positive for what stands for a spread."""
    given = weights_for([tuple(v.shape) for v in layer.weights])
    names = [v.name.split(":")[0] for v in layer.weights]
    return [np.abs(w) + 0.5 if "variance" in n or "stddev" in n else w for n, w in zip(names, given, strict=True)]
