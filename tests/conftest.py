"""Hypothesis profiles: `default` for every change, `nightly` for the long run.

Chosen by `NUTHATCH_PROFILE=nightly` or `--hypothesis-profile nightly`; the option wins.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_COMMON = {
    "deadline": None,  # the machine is shared: a time says nothing about an example
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("default", derandomize=True, max_examples=60, **_COMMON)
settings.register_profile("nightly", max_examples=1000, print_blob=True, **_COMMON)
settings.load_profile(os.environ.get("NUTHATCH_PROFILE", "default"))
