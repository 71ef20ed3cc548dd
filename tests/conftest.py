"""How many cases property tests generate: `HYPOTHESIS_PROFILE=long` asks for many more."""

import os

from hypothesis import settings

# No deadline: a slow machine is not a failing test.
settings.register_profile("default", deadline=None)
settings.register_profile("long", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
