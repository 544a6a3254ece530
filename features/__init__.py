"""From a waveform to named statistics of pitch, energy, timing, voice, MFCC and spectrum."""
