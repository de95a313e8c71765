"""``python -m metadx`` is the command line."""

from metadx.cli import main

main()
