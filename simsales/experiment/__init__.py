"""Many runs to evidence: replications, paired comparisons, and making a result again."""

from simsales.experiment.compare import compare
from simsales.experiment.comparison import Comparison
from simsales.experiment.replicate import replicate
from simsales.experiment.rerun import rerun
from simsales.experiment.study import Study

__all__ = ["Comparison", "Study", "compare", "replicate", "rerun"]
