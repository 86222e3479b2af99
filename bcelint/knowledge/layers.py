"""Layers: what each does to the range and the shape of the tensor that it is given.

Signatures are those of Keras 3.15.1 and tf_keras 2.21.0, with the keyword names of Keras 1 added. A layer that is not
in the table makes a tensor of unknown range.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Effect(str, Enum):
    """What a layer does to the values of its input."""

    AFFINE = "affine"  # any number, then the activation
    RECURRENT = "recurrent"  # gated activation
    ACTIVATION = "activation"  # the activation alone
    KEEP = "keep"  # each output value is an input value
    AVERAGE = "average"  # convex combinations of input values
    PAD = "pad"  # input values and zeros
    UPSAMPLE = "upsample"  # depends on ``interpolation``
    DROPOUT = "dropout"  # zeroed and scaled in training, untouched otherwise
    NOISE = "noise"  # noise in training, untouched otherwise
    REAL = "real"  # any number: normalisation, embeddings
    SCALE = "scale"  # x * scale + offset
    MEAN = "mean"  # the mean of several tensors
    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    CONCATENATE = "concatenate"
    DOT = "dot"  # sums of products of two tensors
    UNIT = "unit"  # vectors of length 1
    WRAPPER = "wrapper"  # TimeDistributed: the wrapped layer
    BIDIRECTIONAL = "bidirectional"
    CALLABLE = "callable"  # Lambda
    INPUT = "input"
    UNKNOWN = "unknown"


class ShapeRule(str, Enum):
    """What a layer does to the shape, as far as the last axis and the rank go."""

    SAME = "same"
    UNITS = "units"  # the last axis becomes ``units``
    CHANNELS = "channels"  # as UNITS, where the data format is channels-last
    SEQUENCE = "sequence"  # recurrent: the time axis goes unless return_sequences
    FLATTEN = "flatten"
    RESHAPE = "reshape"
    GLOBAL = "global"  # (batch, ..., channels) -> (batch, channels)
    SPATIAL = "spatial"  # the axes between batch and channels change length
    REPEAT = "repeat"
    EMBED = "embed"
    LENGTH = "length"  # the last axis becomes ``units``, and the others are not known
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Layer:
    """A layer class.

    Attributes:
        name: the class name, at home in ``keras.layers``.
        parameters: the leading positional parameters.
        units: the parameter that gives the length of the last axis, with the names that older Keras had.
        activation: the default activation, or ``None`` where the layer takes none.
        activation_parameter: the parameter that takes another one.
        length: the length of the last axis, where it is always the same.
        configured: an entry of the user's; its name is the dotted one.
    """

    name: str
    effect: Effect
    shape: ShapeRule = ShapeRule.SAME
    parameters: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    activation: str | None = None
    aliases: tuple[str, ...] = field(default=())
    activation_parameter: str = "activation"
    length: int | None = None
    configured: bool = False


_CONV = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation")
_CONV_T = (
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "output_padding",
    "data_format",
    "dilation_rate",
    "activation",
)
_CONV_T1 = _CONV_T
_SEPARABLE = (
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "data_format",
    "dilation_rate",
    "depth_multiplier",
    "activation",
)
_DEPTHWISE = ("kernel_size", "strides", "padding", "depth_multiplier", "data_format", "dilation_rate", "activation")
_LOCAL = ("filters", "kernel_size", "strides", "padding", "data_format", "activation")
_CONV_LSTM = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation")
_RNN = ("units", "activation", "recurrent_activation")
_FILTERS = ("filters", "nb_filter")
_UNITS = ("units", "output_dim")

_A, _C = Effect.AFFINE, ShapeRule.CHANNELS

_TABLE: tuple[Layer, ...] = (
    Layer("Dense", _A, ShapeRule.UNITS, ("units", "activation"), _UNITS, "linear"),
    Layer("EinsumDense", _A, ShapeRule.UNKNOWN, ("equation", "output_shape", "activation"), (), "linear"),
    Layer("Conv1D", _A, _C, _CONV, _FILTERS, "linear", ("Convolution1D", "AtrousConvolution1D")),
    Layer("Conv2D", _A, _C, _CONV, _FILTERS, "linear", ("Convolution2D", "AtrousConvolution2D")),
    Layer("Conv3D", _A, _C, _CONV, _FILTERS, "linear", ("Convolution3D",)),
    Layer("Conv1DTranspose", _A, _C, _CONV_T1, _FILTERS, "linear", ("Convolution1DTranspose",)),
    Layer("Conv2DTranspose", _A, _C, _CONV_T, _FILTERS, "linear", ("Convolution2DTranspose", "Deconvolution2D")),
    Layer("Conv3DTranspose", _A, _C, _CONV_T, _FILTERS, "linear", ("Convolution3DTranspose", "Deconvolution3D")),
    Layer("SeparableConv1D", _A, _C, _SEPARABLE, _FILTERS, "linear", ("SeparableConvolution1D",)),
    Layer("SeparableConv2D", _A, _C, _SEPARABLE, _FILTERS, "linear", ("SeparableConvolution2D",)),
    Layer("DepthwiseConv1D", _A, ShapeRule.UNKNOWN, _DEPTHWISE, (), "linear"),
    Layer("DepthwiseConv2D", _A, ShapeRule.UNKNOWN, _DEPTHWISE, (), "linear", ("DepthwiseConvolution2D",)),
    Layer("LocallyConnected1D", _A, _C, _LOCAL, _FILTERS, "linear"),
    Layer("LocallyConnected2D", _A, _C, _LOCAL, _FILTERS, "linear"),
    Layer("LSTM", Effect.RECURRENT, ShapeRule.SEQUENCE, _RNN, _UNITS, "tanh", ("CuDNNLSTM",)),
    Layer("GRU", Effect.RECURRENT, ShapeRule.SEQUENCE, _RNN, _UNITS, "tanh", ("CuDNNGRU",)),
    Layer("SimpleRNN", Effect.RECURRENT, ShapeRule.SEQUENCE, ("units", "activation"), _UNITS, "tanh"),
    Layer("LSTMCell", Effect.RECURRENT, ShapeRule.UNITS, _RNN, _UNITS, "tanh"),
    Layer("GRUCell", Effect.RECURRENT, ShapeRule.UNITS, _RNN, _UNITS, "tanh"),
    Layer("SimpleRNNCell", Effect.RECURRENT, ShapeRule.UNITS, ("units", "activation"), _UNITS, "tanh"),
    Layer("ConvLSTM1D", Effect.RECURRENT, ShapeRule.UNKNOWN, _CONV_LSTM, _FILTERS, "tanh"),
    Layer("ConvLSTM2D", Effect.RECURRENT, ShapeRule.UNKNOWN, _CONV_LSTM, _FILTERS, "tanh"),
    Layer("ConvLSTM3D", Effect.RECURRENT, ShapeRule.UNKNOWN, _CONV_LSTM, _FILTERS, "tanh"),
    Layer("RNN", Effect.WRAPPER, ShapeRule.SEQUENCE, ("cell",)),
    Layer("Activation", Effect.ACTIVATION, parameters=("activation",)),
    Layer("Softmax", Effect.ACTIVATION, parameters=("axis",), activation="softmax"),
    Layer("ReLU", Effect.ACTIVATION, parameters=("max_value", "negative_slope", "threshold"), activation="relu"),
    Layer("LeakyReLU", Effect.ACTIVATION, activation="leaky_relu"),
    Layer("PReLU", Effect.ACTIVATION, activation="leaky_relu"),
    Layer("ELU", Effect.ACTIVATION, parameters=("alpha",), activation="elu"),
    Layer("ThresholdedReLU", Effect.ACTIVATION, parameters=("theta",), activation="relu"),
    Layer("InputLayer", Effect.INPUT, parameters=("shape",), aliases=()),
    Layer("Flatten", Effect.KEEP, ShapeRule.FLATTEN),
    Layer("Reshape", Effect.KEEP, ShapeRule.RESHAPE, ("target_shape",)),
    Layer("Permute", Effect.KEEP, ShapeRule.UNKNOWN, ("dims",)),
    Layer("RepeatVector", Effect.KEEP, ShapeRule.REPEAT, ("n",)),
    Layer("Cropping1D", Effect.KEEP, ShapeRule.SPATIAL),
    Layer("Cropping2D", Effect.KEEP, ShapeRule.SPATIAL),
    Layer("Cropping3D", Effect.KEEP, ShapeRule.SPATIAL),
    Layer("CenterCrop", Effect.KEEP, ShapeRule.SPATIAL),
    Layer("Identity", Effect.KEEP),
    Layer("ActivityRegularization", Effect.KEEP),
    Layer("MaxPooling1D", Effect.KEEP, ShapeRule.SPATIAL, aliases=("MaxPool1D",)),
    Layer("MaxPooling2D", Effect.KEEP, ShapeRule.SPATIAL, aliases=("MaxPool2D",)),
    Layer("MaxPooling3D", Effect.KEEP, ShapeRule.SPATIAL, aliases=("MaxPool3D",)),
    Layer("AdaptiveMaxPooling1D", Effect.KEEP, ShapeRule.SPATIAL),
    Layer("AdaptiveMaxPooling2D", Effect.KEEP, ShapeRule.SPATIAL),
    Layer("AdaptiveMaxPooling3D", Effect.KEEP, ShapeRule.SPATIAL),
    Layer("GlobalMaxPooling1D", Effect.KEEP, ShapeRule.GLOBAL, aliases=("GlobalMaxPool1D",)),
    Layer("GlobalMaxPooling2D", Effect.KEEP, ShapeRule.GLOBAL, aliases=("GlobalMaxPool2D",)),
    Layer("GlobalMaxPooling3D", Effect.KEEP, ShapeRule.GLOBAL, aliases=("GlobalMaxPool3D",)),
    Layer("AveragePooling1D", Effect.AVERAGE, ShapeRule.SPATIAL, aliases=("AvgPool1D",)),
    Layer("AveragePooling2D", Effect.AVERAGE, ShapeRule.SPATIAL, aliases=("AvgPool2D",)),
    Layer("AveragePooling3D", Effect.AVERAGE, ShapeRule.SPATIAL, aliases=("AvgPool3D",)),
    Layer("AdaptiveAveragePooling1D", Effect.AVERAGE, ShapeRule.SPATIAL),
    Layer("AdaptiveAveragePooling2D", Effect.AVERAGE, ShapeRule.SPATIAL),
    Layer("AdaptiveAveragePooling3D", Effect.AVERAGE, ShapeRule.SPATIAL),
    Layer("GlobalAveragePooling1D", Effect.AVERAGE, ShapeRule.GLOBAL, aliases=("GlobalAvgPool1D",)),
    Layer("GlobalAveragePooling2D", Effect.AVERAGE, ShapeRule.GLOBAL, aliases=("GlobalAvgPool2D",)),
    Layer("GlobalAveragePooling3D", Effect.AVERAGE, ShapeRule.GLOBAL, aliases=("GlobalAvgPool3D",)),
    Layer("ZeroPadding1D", Effect.PAD, ShapeRule.SPATIAL),
    Layer("ZeroPadding2D", Effect.PAD, ShapeRule.SPATIAL),
    Layer("ZeroPadding3D", Effect.PAD, ShapeRule.SPATIAL),
    Layer("Masking", Effect.PAD),
    Layer("UpSampling1D", Effect.KEEP, ShapeRule.SPATIAL),
    Layer("UpSampling2D", Effect.UPSAMPLE, ShapeRule.SPATIAL, ("size", "data_format", "interpolation")),
    Layer("UpSampling3D", Effect.KEEP, ShapeRule.SPATIAL),
    Layer("Resizing", Effect.UPSAMPLE, ShapeRule.SPATIAL, ("height", "width", "interpolation")),
    Layer("Average", Effect.MEAN),
    Layer("Maximum", Effect.MAXIMUM),
    Layer("Minimum", Effect.MINIMUM),
    Layer("Multiply", Effect.MULTIPLY),
    Layer("Concatenate", Effect.CONCATENATE, ShapeRule.UNKNOWN, ("axis",)),
    Layer("Add", Effect.ADD),
    Layer("Subtract", Effect.SUBTRACT),
    Layer("Dot", Effect.DOT, ShapeRule.UNKNOWN, ("axes", "normalize")),
    Layer("Dropout", Effect.DROPOUT, parameters=("rate",)),
    Layer("SpatialDropout1D", Effect.DROPOUT, parameters=("rate",)),
    Layer("SpatialDropout2D", Effect.DROPOUT, parameters=("rate",)),
    Layer("SpatialDropout3D", Effect.DROPOUT, parameters=("rate",)),
    Layer("GaussianNoise", Effect.NOISE, parameters=("stddev",)),
    Layer("GaussianDropout", Effect.NOISE, parameters=("rate",)),
    Layer("AlphaDropout", Effect.NOISE, parameters=("rate",)),
    Layer("BatchNormalization", Effect.REAL),
    Layer("SyncBatchNormalization", Effect.REAL),
    Layer("LayerNormalization", Effect.REAL),
    Layer("GroupNormalization", Effect.REAL),
    Layer("RMSNormalization", Effect.REAL),
    Layer("Normalization", Effect.REAL),
    Layer("UnitNormalization", Effect.UNIT),
    Layer("Rescaling", Effect.SCALE, parameters=("scale", "offset")),
    Layer("Lambda", Effect.CALLABLE, parameters=("function", "output_shape")),
    Layer("TimeDistributed", Effect.WRAPPER, parameters=("layer",)),
    Layer("SpectralNormalization", Effect.WRAPPER, parameters=("layer",)),
    Layer("Wrapper", Effect.WRAPPER, parameters=("layer",)),
    Layer("Bidirectional", Effect.BIDIRECTIONAL, parameters=("layer", "merge_mode")),
    Layer("Attention", Effect.UNKNOWN, ShapeRule.UNKNOWN),
    Layer("AdditiveAttention", Effect.UNKNOWN, ShapeRule.UNKNOWN),
    Layer("MultiHeadAttention", Effect.REAL, ShapeRule.UNKNOWN, ("num_heads", "key_dim")),
    Layer("GroupQueryAttention", Effect.REAL, ShapeRule.UNKNOWN),
    Layer("Embedding", Effect.REAL, ShapeRule.EMBED, ("input_dim", "output_dim"), ("output_dim",)),
    Layer("DenseFeatures", Effect.REAL, ShapeRule.UNKNOWN),
    Layer("Discretization", Effect.UNKNOWN, ShapeRule.UNKNOWN),
    Layer("CategoryEncoding", Effect.UNKNOWN, ShapeRule.UNKNOWN),
    Layer("Hashing", Effect.UNKNOWN, ShapeRule.UNKNOWN),
    Layer("IntegerLookup", Effect.UNKNOWN, ShapeRule.UNKNOWN),
    Layer("StringLookup", Effect.UNKNOWN, ShapeRule.UNKNOWN),
    Layer("TextVectorization", Effect.UNKNOWN, ShapeRule.UNKNOWN),
    Layer("RandomFlip", Effect.KEEP),
    Layer("RandomCrop", Effect.AVERAGE, ShapeRule.SPATIAL),
    Layer("RandomRotation", Effect.UNKNOWN),
    Layer("RandomZoom", Effect.UNKNOWN),
    Layer("RandomTranslation", Effect.UNKNOWN),
    Layer("RandomContrast", Effect.UNKNOWN),
    Layer("RandomBrightness", Effect.UNKNOWN),
    # Keras 1
    Layer("TimeDistributedDense", _A, ShapeRule.UNITS, ("units", "activation"), _UNITS, "linear"),
    Layer("Highway", Effect.UNKNOWN),
    Layer("MaxoutDense", _A, ShapeRule.UNITS, ("units",), _UNITS),
    Layer("Merge", Effect.UNKNOWN, ShapeRule.UNKNOWN),
)

# Layers of other packages.
_FOREIGN: dict[str, Layer] = {
    "tfa.layers.WeightNormalization": Layer("WeightNormalization", Effect.WRAPPER, parameters=("layer",)),
    "tfa.layers.SpectralNormalization": Layer("SpectralNormalization", Effect.WRAPPER, parameters=("layer",)),
    "tfa.layers.InstanceNormalization": Layer("InstanceNormalization", Effect.REAL),
    "tfa.layers.GroupNormalization": Layer("GroupNormalization", Effect.REAL),
    "keras_contrib.layers.InstanceNormalization": Layer("InstanceNormalization", Effect.REAL),
}

# The graph convolutions of spektral: what they take in front of ``activation``, which is none by default.
_GRAPH_CONVOLUTIONS: dict[str, tuple[str, ...]] = {
    "APPNPConv": ("alpha", "propagations", "mlp_hidden", "mlp_activation", "dropout_rate"),
    "ARMAConv": ("order", "iterations", "share_weights", "gcn_activation", "dropout_rate"),
    "ChebConv": ("K",),
    "ECCConv": ("kernel_network", "root"),
    "EdgeConv": ("mlp_hidden", "mlp_activation", "aggregate"),
    "GATConv": ("attn_heads", "concat_heads", "dropout_rate", "return_attn_coef", "add_self_loops"),
    "GCNConv": (),
    "GCSConv": (),
    "GINConv": ("epsilon", "mlp_hidden", "mlp_activation", "mlp_batchnorm", "aggregate"),
    "GraphSageConv": ("aggregate",),
    "TAGConv": ("K", "aggregate"),
}
_FOREIGN |= {
    f"spektral.layers.{name}": Layer(
        name, Effect.AFFINE, ShapeRule.UNKNOWN, ("channels", *between, "activation"), activation="linear"
    )
    for name, between in _GRAPH_CONVOLUTIONS.items()
}
_FOREIGN["keras_hub.layers.MaskedLMHead"] = Layer(
    "MaskedLMHead",
    Effect.AFFINE,
    ShapeRule.UNKNOWN,
    ("vocabulary_size", "token_embedding", "intermediate_activation", "activation"),
    activation="linear",
)

KERAS_LAYERS: dict[str, Layer] = {
    f"keras.layers.{name}": layer for layer in _TABLE for name in (layer.name, *layer.aliases)
}
LAYERS: dict[str, Layer] = KERAS_LAYERS | _FOREIGN

# The functions that make a layer and apply it at once: TF 1's tf.layers, contrib and slim, and Keras' merge functions.
_F = ("inputs", "units", "activation")
_FC = ("inputs", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation")


@dataclass(frozen=True)
class LayerFunction:
    """A function that applies a layer to its first argument."""

    layer: str
    parameters: tuple[str, ...]
    units: str = ""
    activation_parameter: str = "activation"
    activation: str = "linear"


LAYER_FUNCTIONS: dict[str, LayerFunction] = {
    "tf.layers.dense": LayerFunction("Dense", _F, "units"),
    "tf.layers.conv1d": LayerFunction("Conv1D", _FC, "filters"),
    "tf.layers.conv2d": LayerFunction("Conv2D", _FC, "filters"),
    "tf.layers.conv3d": LayerFunction("Conv3D", _FC, "filters"),
    "tf.layers.separable_conv2d": LayerFunction("SeparableConv2D", _FC, "filters"),
    "tf.layers.conv2d_transpose": LayerFunction(
        "Conv2DTranspose",
        ("inputs", "filters", "kernel_size", "strides", "padding", "data_format", "activation"),
        "filters",
    ),
    "tf.contrib.layers.fully_connected": LayerFunction(
        "Dense", ("inputs", "num_outputs", "activation_fn"), "num_outputs", "activation_fn", "relu"
    ),
    "tf.contrib.layers.conv2d": LayerFunction(
        "Conv2D",
        ("inputs", "num_outputs", "kernel_size", "stride", "padding", "data_format", "rate", "activation_fn"),
        "num_outputs",
        "activation_fn",
        "relu",
    ),
}
LAYER_FUNCTIONS["tf.contrib.layers.linear"] = LayerFunction(
    "Dense", ("inputs", "num_outputs"), "num_outputs", "activation_fn", "linear"
)

# ``keras.layers.add([a, b])`` and its siblings: the functional twin of a merge layer.
MERGE_FUNCTIONS: dict[str, str] = {
    "keras.layers.add": "Add",
    "keras.layers.subtract": "Subtract",
    "keras.layers.multiply": "Multiply",
    "keras.layers.average": "Average",
    "keras.layers.maximum": "Maximum",
    "keras.layers.minimum": "Minimum",
    "keras.layers.concatenate": "Concatenate",
    "keras.layers.dot": "Dot",
}

# Interpolations that stay between the values that they are given.
BOUNDED_INTERPOLATIONS = frozenset({"nearest", "bilinear", "area", "gaussian"})
