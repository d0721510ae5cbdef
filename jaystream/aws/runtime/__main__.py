"""
`python -m jaystream.aws.runtime`: the runtime as a process.
"""

import sys

from jaystream.aws.runtime.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
