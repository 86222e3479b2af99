"""One module per output format; each turns file reports into text and knows nothing of Keras."""
