"""Data sets that the library `datasets` knows, by name or by local folder."""

from urllib.parse import parse_qs

from mashbill.models.errors import MashbillError, first_line

HUB = "hf://"


def load_hub(address: str):
    """The `datasets.Dataset` behind `hf://NAME?split=train&config=…`; NAME may be a folder.

    Raises:
        MashbillError: it cannot be loaded.
    """
    import datasets

    name, _, settings = address.removeprefix(HUB).partition("?")
    query = {key: values[0] for key, values in parse_qs(settings).items()}
    unknown = sorted(query.keys() - {"split", "config", "revision"})
    if unknown:
        raise MashbillError(f"{address}: {unknown[0]}: allowed are split, config and revision")
    try:
        return datasets.load_dataset(
            name,
            query.get("config"),
            split=query.get("split", "train"),
            revision=query.get("revision"),
        )
    except Exception as error:  # whatever the library makes of a bad name, split or file
        raise MashbillError(f"{address}: cannot be loaded: {first_line(error)}") from error
