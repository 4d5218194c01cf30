"""Random numbers for one text at a time: the scalar twin of `draws`."""

MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


def mix(number: int) -> int:
    """SplitMix64's finaliser, as `draws.mix`."""
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & MASK
    return number ^ (number >> 31)


class Rng:
    """A stream of numbers that its seed (any int, taken modulo 2**64) decides."""

    def __init__(self, seed: int):
        self._state = mix(seed & MASK)

    def bits(self) -> int:
        """64 random bits."""
        self._state = (self._state + _STEP) & MASK
        return mix(self._state)

    def uniform(self) -> float:
        """In [0, 1)."""
        return (self.bits() >> 11) * 2.0**-53

    def below(self, limit: int) -> int:
        """In 0…limit-1."""
        return self.bits() * limit >> 64

    def sample(self, size: int, wanted: int) -> list[int]:
        """`wanted` different numbers below `size` (all of them if it has no more), ascending."""
        wanted = min(size, wanted)
        moved: dict[int, int] = {}
        picked = []
        for place in range(wanted):  # the first steps of Fisher and Yates' shuffle
            other = place + self.below(size - place)
            picked.append(moved.get(other, other))
            moved[other] = moved.get(place, place)
        return sorted(picked)

    def permutation(self, size: int) -> list[int]:
        """The numbers below `size` in random order."""
        order = list(range(size))
        for place in range(size - 1, 0, -1):
            other = self.below(place + 1)
            order[place], order[other] = order[other], order[place]
        return order
