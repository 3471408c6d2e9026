"""From today's pipeline to the quarter: forecasts with honest ranges, and simple ones beside them."""

from simsales.forecast.baselines import baselines, noise_floor
from simsales.forecast.forecast import Forecast, forecast

__all__ = ["Forecast", "baselines", "forecast", "noise_floor"]
