"""Losses: what each expects of the prediction, and where it is told that the prediction is logits.

Signatures are those of Keras 3.15.1, tf_keras 2.21.0, TensorFlow 2.21 and, for packages that are no longer released,
their last version.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bcelint.knowledge.domains import Expectation, Family

_PAIR = ("y_true", "y_pred")


@dataclass(frozen=True)
class Loss:
    """A loss.

    Attributes:
        name: what users call it (the class name where there is one).
        expects: what the prediction has to be while ``from_logits`` is false.
        takes_logits: whether there is a ``from_logits`` argument.
        strings: names that ``compile(loss=...)`` takes.
        class_parameters, function_parameters: leading positional parameters of the class and of the function.
        predictions: the function's parameter that takes the prediction, with the names that it has had.
        classes, functions: canonical names.
        rescued: whether Keras on TensorFlow looks behind the activation for cached logits.
        flag: the name of ``from_logits``, and ``default`` its value where it is not given.
        configured: an entry of the user's: how it is computed is not known.
        factory: a function that returns the loss; it stands among ``classes``, and is called like one.
    """

    name: str
    family: Family
    expects: Expectation
    takes_logits: bool = False
    strings: tuple[str, ...] = ()
    class_parameters: tuple[str, ...] = ()
    function_parameters: tuple[str, ...] = _PAIR
    predictions: tuple[str, ...] = ("y_pred",)
    classes: tuple[str, ...] = ()
    functions: tuple[str, ...] = field(default=())
    rescued: bool = False
    flag: str = "from_logits"
    default: bool = False
    configured: bool = False
    factory: bool = False


_B, _C, _S, _O = Family.BINARY, Family.CATEGORICAL, Family.SPARSE, Family.OTHER
_PROB, _SIMPLEX, _LOGITS, _OTHER = Expectation.PROBABILITY, Expectation.SIMPLEX, Expectation.LOGITS, Expectation.OTHER
_TARGET = ("target", "output", "from_logits", "axis")
_TF_LABELS = ("labels", "logits")
_SM = ("gt", "pr")


def _keras(loss: Loss, *functions: str) -> Loss:
    """A loss of ``keras.losses`` with the addresses of its class and functions, which are also reachable as metrics."""
    modules = ("keras.losses", "keras.metrics", "tf.losses", "tf.metrics")
    return replace(
        loss,
        classes=(f"keras.losses.{loss.name}", f"tf.losses.{loss.name}"),
        functions=tuple(f"{module}.{function}" for function in functions for module in modules),
    )


def _other(name: str, *strings: str) -> Loss:
    """A loss that bcelint knows so as to stay silent about it."""
    return _keras(Loss(name, _O, _OTHER, strings=(name, *strings)), *strings)


def _foreign(module: str, *names: str, registered: str = "") -> tuple[Loss, ...]:
    """Losses of another package, as classes or functions, that bcelint knows so as to stay silent about them.

    ``registered``: what stands in front of the names that Keras knows them by as strings.
    """

    def loss(name: str) -> Loss:
        strings = (f"{registered}{name}",) if registered else ()
        if name[:1].isupper():
            return Loss(name, _O, _OTHER, strings=strings, classes=(f"{module}.{name}",))
        return Loss(name, _O, _OTHER, strings=strings, functions=(f"{module}.{name}",))

    return tuple(loss(name) for name in names)


def _target_output(
    family: Family,
    expects: Expectation,
    name: str,
    parameters: tuple[str, ...],
    module: str,
    *,
    rescued: bool = False,
) -> Loss:
    """A function of ``keras.ops`` or ``keras.backend``, which takes (target, output)."""
    return Loss(
        name,
        family,
        expects,
        True,
        function_parameters=parameters,
        predictions=("output",),
        functions=(f"{module}.{name}",),
        rescued=rescued,
    )


LOSSES: tuple[Loss, ...] = (
    _keras(
        Loss(
            "BinaryCrossentropy",
            _B,
            _PROB,
            True,
            ("binary_crossentropy", "BinaryCrossentropy", "bce", "BCE"),
            ("from_logits", "label_smoothing", "axis", "reduction", "name"),
            ("y_true", "y_pred", "from_logits", "label_smoothing", "axis"),
            rescued=True,
        ),
        "binary_crossentropy",
        "bce",
        "BCE",
    ),
    _keras(
        Loss(
            "BinaryFocalCrossentropy",
            _B,
            _PROB,
            True,
            ("binary_focal_crossentropy", "BinaryFocalCrossentropy"),
            ("apply_class_balancing", "alpha", "gamma", "from_logits", "label_smoothing", "axis"),
            ("y_true", "y_pred", "apply_class_balancing", "alpha", "gamma", "from_logits", "label_smoothing", "axis"),
        ),
        "binary_focal_crossentropy",
    ),
    _keras(
        Loss(
            "CategoricalCrossentropy",
            _C,
            _SIMPLEX,
            True,
            ("categorical_crossentropy", "CategoricalCrossentropy"),
            ("from_logits", "label_smoothing", "axis", "reduction", "name"),
            ("y_true", "y_pred", "from_logits", "label_smoothing", "axis"),
            rescued=True,
        ),
        "categorical_crossentropy",
    ),
    _keras(
        Loss(
            "CategoricalFocalCrossentropy",
            _C,
            _SIMPLEX,
            True,
            ("categorical_focal_crossentropy", "CategoricalFocalCrossentropy"),
            ("alpha", "gamma", "from_logits", "label_smoothing", "axis"),
            ("y_true", "y_pred", "alpha", "gamma", "from_logits", "label_smoothing", "axis"),
        ),
        "categorical_focal_crossentropy",
    ),
    _keras(
        Loss(
            "SparseCategoricalCrossentropy",
            _S,
            _SIMPLEX,
            True,
            ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
            ("from_logits", "ignore_class", "reduction", "axis", "name"),
            ("y_true", "y_pred", "from_logits"),
            rescued=True,
        ),
        "sparse_categorical_crossentropy",
    ),
    _keras(
        Loss(
            "CategoricalGeneralizedCrossEntropy",
            _S,
            _SIMPLEX,
            class_parameters=("q",),
        ),
        "categorical_generalized_cross_entropy",
    ),
    # Losses that bcelint knows so as to stay silent about them.
    _keras(
        Loss(
            "KLDivergence",
            _O,
            _OTHER,
            strings=("kld", "KLD", "KLDivergence", "kl_divergence", "kullback_leibler_divergence"),
        ),
        "kld",
        "KLD",
        "kl_divergence",
        "kullback_leibler_divergence",
    ),
    _other("Poisson", "poisson"),
    _other("MeanSquaredError", "mean_squared_error", "mse", "MSE"),
    _other("MeanAbsoluteError", "mean_absolute_error", "mae", "MAE"),
    _other("MeanAbsolutePercentageError", "mean_absolute_percentage_error", "mape", "MAPE"),
    _other("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", "msle", "MSLE"),
    _other("CosineSimilarity", "cosine_similarity", "cosine_proximity", "cosine"),
    _other("Huber", "huber", "huber_loss"),
    _other("LogCosh", "log_cosh", "logcosh"),
    _other("Hinge", "hinge"),
    _other("SquaredHinge", "squared_hinge"),
    _other("CategoricalHinge", "categorical_hinge"),
    _other("Dice", "dice"),
    _other("Tversky", "tversky"),
    _other("Circle", "circle"),
    _other("CTC", "ctc"),
    # keras.ops and keras.backend: (target, output) since Keras 2.0.7. Since TensorFlow 2.16 tf.keras.backend does not
    # look behind the activation any more; tf_keras does.
    *(
        loss
        for family, expects, name, parameters in (
            (_B, _PROB, "binary_crossentropy", _TARGET[:3]),
            (_C, _SIMPLEX, "categorical_crossentropy", _TARGET),
            (_S, _SIMPLEX, "sparse_categorical_crossentropy", _TARGET),
        )
        for loss in (
            _target_output(family, expects, name, parameters, "keras.ops", rescued=True),
            _target_output(family, expects, name, parameters, "keras.backend"),
        )
    ),
    _target_output(
        _B,
        _PROB,
        "binary_focal_crossentropy",
        ("target", "output", "apply_class_balancing", "alpha", "gamma", "from_logits"),
        "keras.backend",
    ),
    _target_output(
        _C,
        _SIMPLEX,
        "categorical_focal_crossentropy",
        ("target", "output", "alpha", "gamma", "from_logits", "axis"),
        "keras.backend",
    ),
    # tf.nn
    Loss(
        "sigmoid_cross_entropy_with_logits",
        _B,
        _LOGITS,
        function_parameters=_TF_LABELS,
        predictions=("logits",),
        functions=("tf.nn.sigmoid_cross_entropy_with_logits",),
    ),
    Loss(
        "weighted_cross_entropy_with_logits",
        _B,
        _LOGITS,
        function_parameters=("labels", "logits", "pos_weight"),
        predictions=("logits",),
        functions=("tf.nn.weighted_cross_entropy_with_logits",),
    ),
    Loss(
        "softmax_cross_entropy_with_logits",
        _C,
        _LOGITS,
        function_parameters=_TF_LABELS,
        predictions=("logits",),
        functions=("tf.nn.softmax_cross_entropy_with_logits", "tf.nn.softmax_cross_entropy_with_logits_v2"),
    ),
    Loss(
        "sparse_softmax_cross_entropy_with_logits",
        _S,
        _LOGITS,
        function_parameters=_TF_LABELS,
        predictions=("logits",),
        functions=("tf.nn.sparse_softmax_cross_entropy_with_logits",),
    ),
    # tf.compat.v1.losses
    Loss(
        "sigmoid_cross_entropy",
        _B,
        _LOGITS,
        function_parameters=("multi_class_labels", "logits"),
        predictions=("logits",),
        functions=("tf.losses.sigmoid_cross_entropy",),
    ),
    Loss(
        "softmax_cross_entropy",
        _C,
        _LOGITS,
        function_parameters=("onehot_labels", "logits"),
        predictions=("logits",),
        functions=("tf.losses.softmax_cross_entropy",),
    ),
    Loss(
        "sparse_softmax_cross_entropy",
        _S,
        _LOGITS,
        function_parameters=_TF_LABELS,
        predictions=("logits",),
        functions=("tf.losses.sparse_softmax_cross_entropy",),
    ),
    Loss(
        "log_loss",
        _B,
        _PROB,
        function_parameters=("labels", "predictions"),
        predictions=("predictions",),
        functions=("tf.losses.log_loss",),
    ),
    # optax-free jax, scikit-learn
    Loss(
        "log_loss",
        _O,
        _OTHER,
        function_parameters=("y_true", "y_pred"),
        functions=("sklearn.metrics.log_loss",),
    ),
    # TensorFlow Addons
    Loss(
        "SigmoidFocalCrossEntropy",
        _B,
        _PROB,
        True,
        strings=("Addons>SigmoidFocalCrossEntropy", "Addons>sigmoid_focal_crossentropy"),
        class_parameters=("from_logits", "alpha", "gamma"),
        function_parameters=("y_true", "y_pred", "alpha", "gamma", "from_logits"),
        classes=("tfa.losses.SigmoidFocalCrossEntropy",),
        functions=("tfa.losses.sigmoid_focal_crossentropy",),
    ),
    # focal-loss
    Loss(
        "BinaryFocalLoss",
        _B,
        _PROB,
        True,
        class_parameters=("gamma",),
        function_parameters=("y_true", "y_pred", "gamma"),
        classes=("focal_loss.BinaryFocalLoss",),
        functions=("focal_loss.binary_focal_loss",),
    ),
    Loss(
        "SparseCategoricalFocalLoss",
        _S,
        _SIMPLEX,
        True,
        class_parameters=("gamma", "class_weight", "from_logits"),
        function_parameters=("y_true", "y_pred", "gamma"),
        classes=("focal_loss.SparseCategoricalFocalLoss",),
        functions=("focal_loss.sparse_categorical_focal_loss",),
    ),
    # KerasCV
    Loss(
        "FocalLoss",
        _B,
        _PROB,
        True,
        class_parameters=("alpha", "gamma", "from_logits", "label_smoothing"),
        classes=("keras_cv.losses.FocalLoss",),
    ),
    Loss(
        "BinaryPenaltyReducedFocalCrossEntropy",
        _B,
        _PROB,
        True,
        class_parameters=("alpha", "beta", "from_logits"),
        classes=("keras_cv.losses.BinaryPenaltyReducedFocalCrossEntropy",),
    ),
    # segmentation_models
    Loss(
        "BinaryCELoss",
        _B,
        _PROB,
        function_parameters=_SM,
        predictions=("pr",),
        classes=("sm.losses.BinaryCELoss",),
        functions=("sm.losses.binary_crossentropy",),
    ),
    Loss(
        "BinaryFocalLoss",
        _B,
        _PROB,
        function_parameters=_SM,
        predictions=("pr",),
        classes=("sm.losses.BinaryFocalLoss",),
        functions=("sm.losses.binary_focal_loss",),
    ),
    Loss(
        "CategoricalCELoss",
        _C,
        _SIMPLEX,
        function_parameters=_SM,
        predictions=("pr",),
        classes=("sm.losses.CategoricalCELoss",),
        functions=("sm.losses.categorical_crossentropy",),
    ),
    Loss(
        "CategoricalFocalLoss",
        _C,
        _SIMPLEX,
        function_parameters=_SM,
        predictions=("pr",),
        classes=("sm.losses.CategoricalFocalLoss",),
        functions=("sm.losses.categorical_focal_loss",),
    ),
    Loss(
        "DiceLoss",
        _O,
        _OTHER,
        function_parameters=_SM,
        predictions=("pr",),
        classes=("sm.losses.DiceLoss",),
        functions=("sm.losses.dice_loss",),
    ),
    Loss(
        "JaccardLoss",
        _O,
        _OTHER,
        function_parameters=_SM,
        predictions=("pr",),
        classes=("sm.losses.JaccardLoss",),
        functions=("sm.losses.jaccard_loss",),
    ),
    # Metric learning, overlap and regression in other packages
    *_foreign(
        "tfa.losses",
        "ContrastiveLoss",
        "contrastive_loss",
        "GIoULoss",
        "giou_loss",
        "LiftedStructLoss",
        "lifted_struct_loss",
        "NpairsLoss",
        "npairs_loss",
        "NpairsMultilabelLoss",
        "npairs_multilabel_loss",
        "PinballLoss",
        "pinball_loss",
        "SparsemaxLoss",
        "sparsemax_loss",
        "TripletHardLoss",
        "triplet_hard_loss",
        "TripletSemiHardLoss",
        "triplet_semihard_loss",
        "WeightedKappaLoss",
        registered="Addons>",
    ),
    *_foreign(
        "tensorflow_similarity.losses",
        "Barlow",
        "CircleLoss",
        "LiftedStructLoss",
        "MultiNegativesRankLoss",
        "MultiSimilarityLoss",
        "PNLoss",
        "SimCLRLoss",
        "SimSiamLoss",
        "SoftNearestNeighborLoss",
        "TripletLoss",
        "VicReg",
        "XBM",
    ),
    *_foreign("keras_contrib.losses", "DSSIMObjective", "crf_loss", "crf_nll", "jaccard_distance"),
    *_foreign("keras_cv.losses", "CIoULoss", "GIoULoss", "IoULoss", "SimCLRLoss", "SmoothL1Loss"),
    *_foreign(
        "keras_unet_collection.losses",
        "dice",
        "dice_coef",
        "focal_tversky",
        "iou_box",
        "iou_seg",
        "ms_ssim",
        "triplet_1d",
        "tversky",
        "tversky_coef",
    ),
)

BY_STRING: dict[str, Loss] = {s: loss for loss in LOSSES for s in loss.strings}
BY_CLASS: dict[str, Loss] = {c: loss for loss in LOSSES for c in loss.classes}
BY_FUNCTION: dict[str, Loss] = {f: loss for loss in LOSSES for f in loss.functions}

# Losses that Keras 3 picks by the shape of the output: one unit is binary, otherwise categorical or sparse.
SHAPE_DEPENDENT_STRINGS = frozenset({"crossentropy", "ce"})

# Sums of segmentation_models losses, made there by ``+`` and kept under these names.
COMPOSITE: dict[str, tuple[str, ...]] = {
    "sm.losses.bce_dice_loss": ("sm.losses.binary_crossentropy",),
    "sm.losses.bce_jaccard_loss": ("sm.losses.binary_crossentropy",),
    "sm.losses.binary_focal_dice_loss": ("sm.losses.binary_focal_loss",),
    "sm.losses.binary_focal_jaccard_loss": ("sm.losses.binary_focal_loss",),
    "sm.losses.cce_dice_loss": ("sm.losses.categorical_crossentropy",),
    "sm.losses.cce_jaccard_loss": ("sm.losses.categorical_crossentropy",),
    "sm.losses.categorical_focal_dice_loss": ("sm.losses.categorical_focal_loss",),
    "sm.losses.categorical_focal_jaccard_loss": ("sm.losses.categorical_focal_loss",),
}
