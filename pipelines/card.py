"""The data set card: README.md with the YAML that the Hub and `datasets` read."""

from collections.abc import Mapping
from typing import Any

import yaml
from datasets import DatasetInfo
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCardData

from mashbill.models.tasks.registry import task_of
from mashbill.pipelines.draws import draws, kept_shares
from mashbill.pipelines.markdown import templates
from mashbill.pipelines.terminal import visible
from mashbill.transforms.contract import Contract
from mashbill.transforms.examples import SPLITS
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE
from mashbill.transforms.layout import features, written_columns


def card(run: Mapping[str, Any], rounds: Mapping[int, Mapping[str, int]]) -> str:
    """The text of README.md.

    Args:
        run: what `run.json` holds.
        rounds: split to rows, for each later round that has added to the data set.
    """
    recipe, written = run["recipe"], run["counts"]["write"]
    language = recipe.get("language", DEFAULT_LANGUAGE).partition(":")[0]
    splits = [split for split in SPLITS if written.get(split)]
    columns = written_columns(
        [Contract.from_json(one) for one in run["stages"]],
        pairs=any(corpus.get("text_pair") for corpus in recipe["corpus"]),
    )
    data = DatasetCardData(
        configs=[
            {
                "config_name": "default",
                # `datasets` caches by the folder's name and this, not by what the files hold.
                "description": f"mashbill run {run['fingerprint']}",
                "data_files": [{"split": split, "path": _paths(split, rounds)} for split in splits],
            }
        ],
        task_categories=["text-classification"],
        language=[language] if language != Language.name else [],
    )
    info = DatasetInfo(features=features(task_of(run), columns))
    DatasetInfosDict({"default": info}).to_dataset_card_data(data)
    drawn = draws(run["counts"])
    return (
        templates()
        .get_template("card.md")
        .render(
            yaml=_visible_yaml(data),
            run=run,
            splits=splits,
            rounds=rounds,
            columns=columns,
            language=language,
            draws=drawn,
            kept=kept_shares(drawn),
        )
    )


def _visible_yaml(data: DatasetCardData) -> str:
    """As the Hub writes it, unless that would leave letters in it that cannot be seen."""
    text = data.to_yaml()
    if text == visible(text):
        return text
    return yaml.safe_dump(yaml.safe_load(text), sort_keys=False).rstrip()


def _paths(split: str, rounds: Mapping[int, Mapping[str, int]]) -> str | list[str]:
    name = f"data/{split}-*.parquet"
    added = [f"rounds/{number}/{name}" for number, rows in rounds.items() if rows.get(split)]
    return [name, *added] if added else name
