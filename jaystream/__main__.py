"""
`python -m jaystream`: the command line.
"""

import sys

from jaystream.cli import main

if __name__ == "__main__":
    sys.exit(main())
