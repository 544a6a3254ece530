"""Descriptors: contours on one 10 ms grid. One module a group, one line here."""

MODULES: dict[str, str] = {
    "energy": "features.descriptors.energy",
    "timing": "features.descriptors.timing",
    "mfcc": "features.descriptors.mfcc",
    "spectrum": "features.descriptors.spectrum",
}
