"""Descriptors: contours on one 10 ms grid. One module a group, one line here."""

MODULES: dict[str, str] = {
    "pitch": "features.descriptors.pitch",
    "energy": "features.descriptors.energy",
    "timing": "features.descriptors.timing",
    "voice": "features.descriptors.voice",
    "mfcc": "features.descriptors.mfcc",
    "spectrum": "features.descriptors.spectrum",
}
