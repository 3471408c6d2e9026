"""``python -m simsales.cli``."""

from simsales.cli import main

main()
