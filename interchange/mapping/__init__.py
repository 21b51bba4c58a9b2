"""The mapping language: what a mapping file says, how it is loaded, codecs and code maps."""
