import pytest

from tests.transforms.augmenters.samples import rule_based
from tests.transforms.augmenters.wordnet_files import write_wordnet


@pytest.fixture(scope="session")
def resources(tmp_path_factory):
    """What augmenters read: written once, by the tests themselves."""
    folder = tmp_path_factory.mktemp("resources")
    write_wordnet(folder / "wordnet")
    return folder


@pytest.fixture(scope="session")
def augmenters(resources):
    """Every augmenter that uses no model, by its name."""
    return rule_based(resources)
