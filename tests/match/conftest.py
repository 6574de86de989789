"""How long `make fuzz` looks: many more examples than a run of the tests."""

from hypothesis import settings

settings.register_profile("long", max_examples=2_000, deadline=None, print_blob=True)
