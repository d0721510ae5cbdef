"""
`python -m jaystream.aws.runtime`: the runtime as a process.
"""

import sys

from jaystream.aws.runtime.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
