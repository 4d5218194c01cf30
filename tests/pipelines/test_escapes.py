"""Escape sequences in labels, file names, texts and reasons are shown, and obeyed by nothing."""

import json
import unicodedata

import pytest
import yaml
from click.testing import CliRunner

from mashbill.pipelines.cli import main
from mashbill.pipelines.markdown import code, code_block, plain
from tests.pipelines.runs import settings

EVIL = "\x1b]0;owned\x07\x9b31m\u202e\r"
SHOWN = r"\x1b]0;owned\x07\x9b31m\u202e\r"
LABELS = ["good [bold]:smile:", f"bad {EVIL} `|<b>"]


def unseen(text: str) -> set[str]:
    """Letters that control a terminal or the direction of writing; line ends and tabs are fine."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs")} - {"\n", "\t"}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    from tests.conftest import save_tiny

    folder = tmp_path_factory.mktemp("escapes")
    model = save_tiny(folder / "model", "classifier")
    config = json.loads((model / "config.json").read_text())
    config |= {"id2label": dict(enumerate(LABELS)), "label2id": {LABELS[0]: 0, LABELS[1]: 1}}
    (model / "config.json").write_text(json.dumps(config))
    rows = [{"text": f"film {i} {EVIL}", "label": LABELS[i % 2]} for i in range(20)]
    rows += [{"text": "x", "label": f"so {EVIL}"}, {"text": f"[red]{EVIL}[/nothing]", "label": 7}]
    path = folder / f"reviews{EVIL}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    values = settings(folder, dict.fromkeys(("classifier", "encoder", "mlm"), model), filter={})
    values |= {
        "corpus": [{"name": "reviews", "path": f"{folder}/reviews*.jsonl", "label": "label"}],
        "labels": LABELS,
        "augment": {"copies": 1, "methods": [{"use": "typo.keyboard"}]},
        "output": {"path": str(folder / "out"), "shards": 1},
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(values))
    return folder / "recipe.yaml"


def test_whole_commands_show_and_do_not_obey_them(recipe):
    out = str(recipe.parent / "out")

    def run(*arguments: str, text: str | None = None) -> str:
        done = CliRunner(env={"COLUMNS": "250"}).invoke(main, arguments, input=text)
        assert not unseen(done.stdout), (arguments, unseen(done.stdout))
        assert not unseen(done.stderr), (arguments, unseen(done.stderr))
        return done.stdout + done.stderr

    assert SHOWN in run("generate", str(recipe))  # too many rejects: the reasons are told
    assert "the counts add up" in run("finalize", out, "--max-rejects=1")
    summary = run("inspect", out)
    assert "good [bold]:smile:" in summary
    assert r"bad \x1b]0;owned" in summary
    assert r"\x1b" in run("inspect", f"{out}/nowhere{EVIL}")
    assert r"\x1b" in run("generate", EVIL)
    assert r"\x1b" in run("inspect", "a", EVIL)
    line = run("augment", "--use", "edit.swap", text=f"a good {EVIL.strip()} film\n")
    assert EVIL.strip() in json.loads(line)["text"]
    card = (recipe.parent / "out/README.md").read_text()
    assert not unseen(card)
    assert r"\`\|\<b\>" in card
    assert yaml.safe_load(card.split("---\n")[1])["dataset_info"]["features"]


def test_data_is_no_markdown():
    assert plain("a_b\n| <b> [x](y)") == r"a\_b \| \<b\> \[x\](y)"
    assert code("a") == "`a`"
    assert code("`a``") == "``` `a`` ```"
    assert code_block("x: |\n ````\n", "yaml") == "`````yaml\nx: |\n ````\n`````"
