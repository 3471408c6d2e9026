"""Many runs to evidence: replications, paired comparison, sensitivity, pilots, and making a result again."""

from simsales.experiment.compare import compare
from simsales.experiment.comparison import Comparison
from simsales.experiment.pilot import Pilot, pilot
from simsales.experiment.replicate import replicate
from simsales.experiment.rerun import rerun
from simsales.experiment.sensitivity import Sensitivity, sensitivity
from simsales.experiment.study import Study

__all__ = ["Comparison", "Pilot", "Sensitivity", "Study", "compare", "pilot", "replicate", "rerun", "sensitivity"]
