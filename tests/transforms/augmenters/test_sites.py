import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mashbill.transforms.augmenters.batch import Sites
from mashbill.transforms.augmenters.sites import without_overlap

PLACES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), max_size=12)


@given(PLACES)
def test_of_places_that_overlap_the_first_stays(places):
    places, stays = sorted((start, start + size) for start, size in places), []
    for start, end in places:
        if not stays or start >= stays[-1][1]:
            stays.append((start, end))
    starts, ends = np.array(places, np.int64).reshape(-1, 2).T
    sites = without_overlap(Sites(np.zeros_like(starts), starts, ends))
    assert list(zip(sites.starts.tolist(), sites.ends.tolist(), strict=True)) == stays
