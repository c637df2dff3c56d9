"""`python -m cleanplate.cli`."""

from cleanplate.cli import main

main()
