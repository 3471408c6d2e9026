"""Learn a model from a history, honestly: what is identified and what is assumed."""

from simsales.calibrate.calibration import Calibration, calibrate
from simsales.calibrate.fit import Fit, fit

__all__ = ["Calibration", "Fit", "calibrate", "fit"]
