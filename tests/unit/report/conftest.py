"""What tests of pages share."""

import pytest
from made_up_study import Made


@pytest.fixture
def make_study(config, make_networks):
    """Return a function: seeds and changes by network -> a Made study of exp3, vgg and csp."""

    def make(seeds: int = 1, **changes) -> Made:
        return Made(config, make_networks(seeds, **changes))

    return make
