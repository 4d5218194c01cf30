from tests.transforms.augmenters.conftest import augmenters as augmenters
from tests.transforms.augmenters.conftest import resources as resources
