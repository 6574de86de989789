"""Where a replay may publish to."""

import pytest

from engine.broker.settings import load_settings
from engine.errors import UsageError
from engine.replay.replaying import topics
from tests.support.brokers import SECRET


def test_a_replay_never_writes_below_the_deployments_own_prefix() -> None:
    settings = load_settings(bootstrap="127.0.0.1:1", prefix="shop.", app_id="shop", secret=SECRET)
    with pytest.raises(UsageError, match="own prefix"):
        topics.prepare(settings, "shop.", 4)
