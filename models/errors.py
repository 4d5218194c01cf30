"""What a user is told when something is wrong with the input: one line, no traceback."""


class MashbillError(Exception):
    """An error whose message is meant for the user; it names the file, key or value at fault."""


class ModelError(MashbillError):
    """A model folder that cannot serve: missing, without safetensors, or of the wrong kind."""
