"""Small files to check."""

DOUBLE_SIGMOID = """\
import keras

model = keras.Sequential([
    keras.layers.Dense(8),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(
    optimizer="adam",
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
)
model.fit(x, y)
"""
FIXED = DOUBLE_SIGMOID.replace("from_logits=True", "")
CLEAN = FIXED
PLAIN = "print('nothing of ours')\n"
