"""Ready-made models: what their output is unless the call says otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelFactory:
    """A function or class that returns a whole model.

    Attributes:
        activation: the activation of its output by default (``None``: not known).
        activation_parameter: the argument that changes it.
        units_parameter: the argument that gives the length of the last axis.
        parameters: leading positional parameters.
        top_parameter: the argument that, when false, leaves the output layer out.
        by_class: the activation is given by the name of its layer class (``Sigmoid``).
    """

    activation: str | None
    activation_parameter: str = "activation"
    units_parameter: str = "classes"
    parameters: tuple[str, ...] = ()
    top_parameter: str | None = None
    by_class: bool = False


_APPLICATION_NAMES = [
    "ConvNeXtBase",
    "ConvNeXtLarge",
    "ConvNeXtSmall",
    "ConvNeXtTiny",
    "ConvNeXtXLarge",
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "EfficientNetV2B0",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
    "EfficientNetV2L",
    "EfficientNetV2M",
    "EfficientNetV2S",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Large",
    "MobileNetV3Small",
    "NASNetLarge",
    "NASNetMobile",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "ResNet50V2",
    "ResNet101V2",
    "ResNet152V2",
    "VGG16",
    "VGG19",
    "Xception",
    "RegNetX002",
    "RegNetX004",
    "RegNetX006",
    "RegNetX008",
    "RegNetX016",
    "RegNetX032",
    "RegNetX040",
    "RegNetX064",
    "RegNetX080",
    "RegNetX120",
    "RegNetX160",
    "RegNetX320",
    "RegNetY002",
    "RegNetY004",
    "RegNetY006",
    "RegNetY008",
    "RegNetY016",
    "RegNetY032",
    "RegNetY040",
    "RegNetY064",
    "RegNetY080",
    "RegNetY120",
    "RegNetY160",
    "RegNetY320",
    "ResNetRS50",
    "ResNetRS101",
    "ResNetRS152",
    "ResNetRS200",
    "ResNetRS270",
    "ResNetRS350",
    "ResNetRS420",
]

APPLICATIONS: frozenset[str] = frozenset(_APPLICATION_NAMES)

# The parameters of most applications, and of those that differ; each begins its group's names.
_INPUTS = ("weights", "input_tensor", "input_shape", "pooling", "classes")
_APPLICATION_PARAMETERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "MobileNetV3",
        (
            "input_shape",
            "alpha",
            "minimalistic",
            "include_top",
            "weights",
            "input_tensor",
            "classes",
            "pooling",
            "dropout_rate",
            "classifier_activation",
        ),
    ),
    (
        "MobileNetV2",
        (
            "input_shape",
            "alpha",
            "include_top",
            "weights",
            "input_tensor",
            "pooling",
            "classes",
            "classifier_activation",
        ),
    ),
    (
        "MobileNet",
        (
            "input_shape",
            "alpha",
            "depth_multiplier",
            "dropout",
            "include_top",
            "weights",
            "input_tensor",
            "pooling",
            "classes",
            "classifier_activation",
        ),
    ),
    (
        "NASNet",
        ("input_shape", "include_top", "weights", "input_tensor", "pooling", "classes", "classifier_activation"),
    ),
    ("ConvNeXt", ("include_top", "include_preprocessing", *_INPUTS, "classifier_activation")),
    ("RegNet", ("model_name", "include_top", "include_preprocessing", *_INPUTS, "classifier_activation")),
    (
        "ResNetRS",
        ("include_top", "weights", "classes", "input_shape", "input_tensor", "pooling", "classifier_activation"),
    ),
    # Before tf.keras 2.4, and in ResNet50 of tf_keras, classifier_activation is no parameter by position.
    ("", ("include_top", *_INPUTS)),
)


def _application(name: str) -> ModelFactory:
    parameters = next(found for prefix, found in _APPLICATION_PARAMETERS if name.startswith(prefix))
    return ModelFactory("softmax", "classifier_activation", "classes", parameters, "include_top")


# keras_unet_collection: the parameters in front of the number of classes. Models with deep supervision, which may have
# several outputs, are left out.
_UNET_COLLECTION = {
    "att_unet_2d": ("input_size", "filter_num"),
    "r2_unet_2d": ("input_size", "filter_num"),
    "resunet_a_2d": ("input_size", "filter_num", "dilation_num"),
    "swin_unet_2d": ("input_size", "filter_num_begin"),
    "transunet_2d": ("input_size", "filter_num"),
    "unet_2d": ("input_size", "filter_num"),
}

MODEL_FACTORIES: dict[str, ModelFactory] = {f"keras.applications.{n}": _application(n) for n in _APPLICATION_NAMES} | {
    "sm.Unet": ModelFactory("sigmoid", parameters=("backbone_name", "input_shape", "classes", "activation")),
    "sm.Linknet": ModelFactory("sigmoid", parameters=("backbone_name", "input_shape", "classes", "activation")),
    "sm.FPN": ModelFactory("softmax", parameters=("backbone_name", "input_shape", "classes", "activation")),
    "sm.PSPNet": ModelFactory("softmax", parameters=("backbone_name", "input_shape", "classes", "activation")),
    "keras_cv.models.ImageClassifier": ModelFactory(
        "softmax", units_parameter="num_classes", parameters=("backbone", "num_classes", "pooling", "activation")
    ),
    "keras_cv.models.DeepLabV3Plus": ModelFactory("softmax", units_parameter="num_classes"),
    "keras_cv.models.SegFormer": ModelFactory("softmax", units_parameter="num_classes"),
    "keras_hub.models.ImageClassifier": ModelFactory("linear", units_parameter="num_classes"),
    "keras_hub.models.TextClassifier": ModelFactory("linear", units_parameter="num_classes"),
    "keras_hub.models.ImageSegmenter": ModelFactory("linear", units_parameter="num_classes"),
    "keras_unet.models.custom_unet": ModelFactory(
        "sigmoid", "output_activation", "num_classes", ("input_shape", "num_classes")
    ),
    "spektral.models.GCN": ModelFactory(
        "softmax", "output_activation", "n_labels", ("n_labels", "channels", "activation", "output_activation")
    ),
    "spektral.models.GeneralGNN": ModelFactory("linear", units_parameter="output", parameters=("output", "activation")),
    # The models of the TensorFlow Model Garden return logits.
    "official.projects.movinet.modeling.movinet_model.MovinetClassifier": ModelFactory(
        "linear", "", "num_classes", ("backbone", "num_classes")
    ),
    "official.nlp.modeling.models.BertClassifier": ModelFactory(
        "linear", "", "num_classes", ("network", "num_classes")
    ),
    "tensorflow_models.nlp.models.BertClassifier": ModelFactory(
        "linear", "", "num_classes", ("network", "num_classes")
    ),
}
MODEL_FACTORIES |= {
    f"keras_unet_collection.models.{name}": ModelFactory(
        "softmax", "output_activation", "n_labels", (*parameters, "n_labels"), by_class=True
    )
    for name, parameters in _UNET_COLLECTION.items()
}

# keras_hub / keras_nlp: BertTextClassifier, ResNetImageClassifier ... end in a layer without activation.
HUB_PREFIX = "keras_hub.models."
HUB_SUFFIXES: tuple[str, ...] = ("Classifier", "ImageSegmenter", "CausalLM", "MaskedLM")
HUB_FACTORY = ModelFactory("linear", units_parameter="num_classes")

# transformers: TFBertForSequenceClassification and its like return logits, whose number is ``num_labels`` where they
# classify.
TRANSFORMERS_PREFIX = "transformers.TF"
TRANSFORMERS_SUFFIXES: tuple[str, ...] = (
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForImageClassification",
    "ForQuestionAnswering",
    "ForMultipleChoice",
    "ForMaskedLM",
    "ForCausalLM",
    "LMHeadModel",
)
TRANSFORMERS_FACTORY = ModelFactory("linear", units_parameter="num_labels")

# Arguments by which a training call is known to be Keras's.
TRAINING_KEYWORDS = frozenset(
    {
        "epochs",
        "nb_epoch",
        "batch_size",
        "validation_data",
        "validation_split",
        "callbacks",
        "steps_per_epoch",
        "verbose",
    }
)

# What makes a model one that is trained or evaluated, so that its loss counts.
MODEL_METHODS_THAT_TRAIN = frozenset(
    {"fit", "fit_generator", "train_on_batch", "evaluate", "evaluate_generator", "test_on_batch", "fit_on_batch"}
)
