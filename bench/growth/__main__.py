"""python -m bench.growth"""

import sys

from bench.growth.cli import main

if __name__ == "__main__":
    sys.exit(main())
