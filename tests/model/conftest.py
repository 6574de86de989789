"""How long `make machine` lives: thousands of lives instead of some dozens."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "machine",
    max_examples=1_000,
    stateful_step_count=50,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
