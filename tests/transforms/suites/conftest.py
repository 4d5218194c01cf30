from tests.transforms.augmenters.conftest import resources as resources
