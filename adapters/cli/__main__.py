"""`python -m adapters.cli`, where the console script is not installed."""

import sys

from adapters.cli.main import main

sys.exit(main())
