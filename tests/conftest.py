"""Property tests draw the same examples every time, so that a run says something of the change and not of luck.

``make fuzz`` draws new ones; what it finds becomes a test of its own.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("INTERCHANGE_EXAMPLES", "steady"))
