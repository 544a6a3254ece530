"""The one family of errors that this toolkit raises for what a user can cause."""


class SerError(Exception):
    """Base of every error that a user's input, files or options can cause.

    The message states the value found, what was expected, and the remedy, on one line; command lines print it and exit
    with status 2. Errors about arguments are `ValueError` too, as scikit-learn's callers expect.

    Examples
    --------
    >>> import features
    >>> try:
    ...     features.load("nowhere.wav")
    ... except features.SerError as error:
    ...     print(error)
    nowhere.wav: no such file; expected a sound file; check the path
    """


class Note(UserWarning):
    """What a user should know, in one line; nothing has gone wrong. Commands print it as `note: ...` on stderr."""


class InputError(SerError):
    """Inputs that cannot be used: no sound files, a table that does not fit, windows or options that make no sense."""


class AudioError(SerError):
    """A sound file that cannot be read, or holds nothing that can be analysed."""


class FeatureError(SerError, ValueError):
    """An unknown feature group or set, or a feature table that does not fit."""


class CacheError(SerError):
    """A cache folder that cannot be used."""


class CorpusError(SerError):
    """A corpus that is missing, incomplete, or not what its publisher describes."""


class FoldError(SerError, ValueError):
    """Folds that cannot be made, or that would leak from training to test."""


class PipelineError(SerError, ValueError):
    """An unknown pipeline, or one that cannot be trained on the data it was given."""


class ModelError(SerError):
    """A saved model that is missing, foreign, or not safe to load."""


class ResultsError(SerError):
    """Stored results that are locked, damaged, or do not fit together."""


class EngineError(SerError):
    """A cluster that cannot be reached, or whose workers are not as this process is."""
