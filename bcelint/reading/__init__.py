"""How the bytes of scripts and notebooks become text and a syntax tree, whatever they hold."""
