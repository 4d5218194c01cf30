"""Every benchmark runs on a few texts and tiny models: its options, its models, what it prints."""

import contextlib
import hashlib
import importlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from benchmarks.augment import PEERS
from benchmarks.scale import run_watched
from mashbill.pipelines.cli import main as mashbill
from mashbill.transforms.augmenters.registry import AUGMENTERS
from tests.models import writers

ROOT = Path(__file__).parents[2]
MODELS = "examples/reviews/models"
QUICK = ("--rounds", "1", "--limit", "8")
PACKAGES = {peer.__name__: peer.__name__ for peer in PEERS}

slow = pytest.mark.skipif("MASHBILL_BENCH" not in os.environ, reason="slow: make bench-smoke")


@pytest.fixture
def in_this_process(monkeypatch):
    """The commands that a benchmark starts, without a new interpreter for each."""

    def called(command):
        assert command[:3] == [sys.executable, "-m", "mashbill"]
        with contextlib.redirect_stdout(io.StringIO()):
            mashbill(command[3:], standalone_mode=False)
        return 1.0, 2**20

    for name in ("scale", "end_to_end"):
        monkeypatch.setattr(f"benchmarks.{name}.run_watched", called)


@pytest.fixture
def run(small_demo, monkeypatch, capsys):
    """Calls a benchmark's `main` where the small demo lies; returns the JSON that it printed."""
    monkeypatch.chdir(small_demo)

    def call(name: str, *arguments: str):
        monkeypatch.setattr(sys, "argv", [f"benchmarks/{name}.py", *arguments])
        importlib.import_module(f"benchmarks.{name}").main()
        return json.loads(capsys.readouterr().out)

    return call


def test_augment(run):
    found = run("augment", *QUICK, "--json", "--only", "typo.key", "edit.swap", "--peers")
    assert list(found["results"]) == ["typo.keyboard", "edit.swap"]
    for result in found["results"].values():
        assert set(result["rows_per_second"]) == {"variants_batch", "augment_batch", "augment"}
        assert min(result["rows_per_second"].values()) > 0


@slow
@pytest.mark.parametrize("peer", sorted(PACKAGES))
def test_augment_beside_a_peer(run, peer, monkeypatch):
    pytest.importorskip(PACKAGES[peer], reason=f"{peer} is not installed (extra `bench`)")
    monkeypatch.setattr("benchmarks.augment.loading", lambda spec: (0.0, 0.0))
    found = run("augment", *QUICK, "--json", "--only", "typo.keyboard", "edit.", "--peers", peer)
    assert found["missing"] == []
    runs = {name for result in found["results"].values() for name in result["rows_per_second"]}
    assert peer.replace("_", "-") in runs


def test_projection(run, small_demo):
    lines = "Ann B-PER\nmet O\nBob B-PER\n. O\n\nRome B-LOC\nis O\nfar O\n\n" * 3
    (small_demo / "few.conll").write_text(lines)
    wanted = ("edit.delete", "entity.replace", "typo.keyboard")
    found = run("projection", "--conll", "few.conll", "--json", "--only", *wanted)["results"]
    assert set(found) == set(wanted)
    assert all(one["right"] == one["mentions"] and not one["wrong"] for one in found.values())
    assert found["edit.delete"]["lost"]


@pytest.fixture
def chinese_reviews(tmp_path):
    pytest.importorskip("rjieba", reason="needs the extra zh")
    path = tmp_path / "reviews.jsonl"
    texts = ("服务很好，房间一共3间，价格便宜", "外观漂亮，性价比不错", "前台的态度非常差，不推荐")
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def test_chinese_check(chinese_reviews, monkeypatch, capsys):
    arguments = ["chinese_check.py", "--texts", str(chinese_reviews), "--variants", "60"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("benchmarks.chinese_check").main()
    assert capsys.readouterr().out.endswith(" variants, 0 broken\n")
    assert ended.value.code == 0


def test_chinese_beside_peers_that_may_not_be_there(chinese_reviews, monkeypatch, capsys):
    for peer in ("nlpcda", "jionlp"):
        monkeypatch.setitem(sys.modules, peer, None)
    arguments = ["chinese.py", "--texts", str(chinese_reviews), "--rounds", "1", "--slow", "2"]
    monkeypatch.setattr(sys, "argv", arguments)
    importlib.import_module("benchmarks.chinese").main()
    assert "3 texts" in (said := capsys.readouterr().out)
    assert "not installed: nlpcda" in said


def test_chinese_errors(tmp_path, tiny_classifier, monkeypatch, capsys):
    pairs, texts = tmp_path / "pairs.tsv", tmp_path / "texts.jsonl"
    pairs.write_text("服物好\t服务好\n房件\t房间\n")
    rows = [{"text": f"第{i}间房间的服务", "label": "positive"} for i in "一二三四"]
    texts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ["--pairs", str(pairs), "--texts", str(texts), "--models", str(tiny_classifier)]
    monkeypatch.setattr(sys, "argv", ["chinese_errors.py", *arguments])
    importlib.import_module("benchmarks.chinese_errors").main()
    said = capsys.readouterr().out
    assert "rate 1.0: 37.5 % of the characters, 4 texts" in said  # 间, 务 and 间 of eight
    assert f"{tiny_classifier}  clean" in said


def test_augment_quality(run):
    found = run(
        "augment_quality",
        *("--teacher", f"{MODELS}/teacher", "--encoder", f"{MODELS}/minilm"),
        *("--mlm", f"{MODELS}/mlm", "--wordnet", "examples/reviews/data/wordnet"),
        *("--limit", "4", "--only", "typo.keyboard", "synonym.w", "contextual.s", "--rates", "0.3"),
    )
    assert list(found) == ["typo.keyboard", "synonym.wordnet", "contextual.substitute"]
    for name, measured in found.items():
        default = str(AUGMENTERS[name].model_fields["rate"].default)
        wanted = {default} if name.startswith("typo.") else {default, "0.3"}
        assert set(measured["rates"]) == wanted
        assert all(1 <= one["variants"] <= 4 for one in measured["rates"].values())


def test_augment_quality_of_chinese_texts(run, tmp_path):
    pytest.importorskip("rjieba", reason="needs the extra zh")
    texts = [
        f"{who}的{what}非常差，不推荐"
        for who in ["前台", "酒店", "手机", "老师"]
        for what in "书房服灯"
    ]
    rows = [json.dumps({"text": text, "label": "negative"}) for text in texts]
    (tmp_path / "labelled.jsonl").write_text("\n".join(rows))
    found = run(
        "augment_quality",
        *("--language", "zh", "--texts", str(tmp_path / "labelled.jsonl"), "--limit", "2"),
        *("--teacher", f"{MODELS}/teacher", "--encoder", f"{MODELS}/minilm"),
        *("--only", "edit.swap", "script.t", "--rates", "0.3"),
    )
    assert {name: set(one["rates"]) for name, one in found.items()} == {
        "edit.swap": {"0.2", "0.3"},
        "script.traditional": {"1.0"},
    }


@slow
def test_annotate(run):
    found = run("annotate", *QUICK, "--json", "--model", f"{MODELS}/minilm", "--max-length", "64")
    assert {"ours", "our stage in Beam", "RunInference, batch 8"} < set(found["rows_per_second"])


def test_spans(run):
    found = run("spans", *QUICK, "--json", "--model", f"{MODELS}/minilm", "--max-length", "64")
    assert "ours" in found["words_per_second"]
    assert "plain loop, 2048 tokens" in found["words_per_second"]


def test_contextual(run):
    shape = ("--layers", "1", "--width", "64", "--nlpaug-texts", "2")
    found = run("contextual", *QUICK, "--json", *shape)
    assert "ours, fp32" in found["rows_per_second"]
    assert "nlpaug, fp32, batch 32" in found["rows_per_second"]


def test_gpu_on_the_processor(run, monkeypatch):
    monkeypatch.setattr("benchmarks.gpu.WIDTH", 64)
    found = run("gpu", *QUICK, "--json", "--device", "cpu", "--layers", "2", "--fewer", "2")
    assert found["texts"] == 8
    assert set(found["tokens per second"]) == {
        "annotation",
        "annotation, plain loop",
        "substitution",
    }


def test_host(run, monkeypatch):
    monkeypatch.setattr("benchmarks.host.WIDTH", 64)
    monkeypatch.setattr("benchmarks.host.LAYERS", 1)
    found = run("host", *QUICK, "--steps", "4", "--batch", "8", "--clock", "cpu", "--json")
    assert found["generate"]["rows"] > 8
    assert found["generate"]["annotate, rows/s"] > 0
    assert found["distill"]["rows/s"] > 0
    assert found["distill"]["one checkpoint, ms"] > 0


def test_distill(run, distilling):
    found = run(
        "distill",
        *(str(distilling), "--json", "--arms", "recipe", "kd-real", "--seeds", "1"),
        *("--suites", "typo", "ocr"),
    )
    assert set(found) == {"teacher", "recipe", "kd-real"}
    assert found["kd-real"]["of kd-real's"] == pytest.approx([100.0], nan_ok=True)


@slow
def test_distill_speed(run, distilling):
    found = run("distill_speed", str(distilling), "--json", "--steps", "2", "--rounds", "1")
    assert set(found["rows_per_second"]) == {"ours", "plain", "teacher", "teacher fp32"}


def test_near_duplicates(run):
    found = run("near_duplicates", *QUICK, "--json", "--copies", "0.5")
    assert found["rows_per_second"].keys() == {"ours", "datasketch's loop"}


@slow
def test_fillers(run):
    few = ("--told", f"{MODELS}/mlm", "--minilm", f"{MODELS}/mlm", "--labelled", "8")
    found = run("fillers", *few, "--seeds", "1")
    assert [row["filler"] for row in found][:2] == ["repeated", "adapted"]


def test_fresh(run, distilling):
    found = run("fresh", str(distilling), "--steps", "2", "--rounds", "1", "--copies", "1")
    assert found["seconds_per_step"].keys() == {"stored", "fresh"}
    tokens = found["tokens_per_step"]
    assert 0.8 < tokens["fresh"] / tokens["stored"] < 1.25
    assert found["makes"] > 0


def test_mails(tmp_path, monkeypatch):
    archive, jsonl = tmp_path / "mails.tgz", tmp_path / "mails.jsonl"
    mail = b"Subject: x\r\nContent-Type: text/plain\r\n\r\na  long\r\nmail\r\n"
    with tarfile.open(archive, "w:gz") as package:
        member = tarfile.TarInfo("package/data/one.txt")
        member.size = len(mail)
        package.addfile(member, io.BytesIO(mail))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    monkeypatch.setattr("benchmarks.mails.SHA256", digest)
    monkeypatch.setattr(sys, "argv", ["mails.py", str(archive), str(jsonl)])
    importlib.import_module("benchmarks.mails").main()
    assert json.loads(jsonl.read_text()) == {"text": "a long mail"}


@slow
def test_scale(run, in_this_process):
    sizes = ("--texts", "20", "--scales", "1", "--per-partition", "20", "--workers")
    found = run("scale", *sizes, "--copies", "1", "--draw", "scale.svg", "--json")
    (row,) = found["runs"]
    assert row["rows"] > 20
    assert Path("scale.svg").stat().st_size > 1000


def test_a_watched_run_has_its_time_and_memory():
    seconds, peak = run_watched([sys.executable, "-c", "import pandas"])
    assert seconds > 0
    assert peak > 2**20
    with pytest.raises(SystemExit, match="failed: "):
        run_watched([sys.executable, "-c", "raise SystemExit(3)"])


@slow
def test_end_to_end(run, in_this_process):
    found = run("end_to_end", "--rows", "20", "--scales", "1", "--json")
    (row,) = found["runs"]
    assert row["rows"] > 20
    assert row["forwards"] > 0


@slow
def test_tasks(small_demo, monkeypatch, capsys):
    monkeypatch.chdir(small_demo)
    recipe = yaml.safe_load((small_demo / "examples/reviews/recipe.yaml").read_text())
    del recipe["mlm"]  # it is there
    recipe["teacher"]["train"] |= {"epochs": 1}
    recipe["evaluate"] = {"suites": ["clean", "typo"], "baseline": None}
    recipe["distill"]["training"] = {"steps": 2, "batch_size": 8, "precision": "fp32"}
    recipe["distill"]["student"] = {"from": "teacher", "layers": [1]}
    Path("short.yaml").write_text(yaml.safe_dump(recipe))
    monkeypatch.setattr(
        sys, "argv", ["tasks", "short.yaml", "--seeds", "1", "--into", str(small_demo / "made")]
    )
    importlib.import_module("benchmarks.tasks").main()
    lines = capsys.readouterr().out.splitlines()
    assert "mean ± standard deviation of 1 seeds" in lines[-4]
    assert [line.split()[0] for line in lines[-2:]] == ["clean", "typo"]


def test_rewrite(small_demo, monkeypatch, capsys):
    monkeypatch.chdir(small_demo)
    model = ("--tokenizer", f"{MODELS}/bert-tiny", "--layers", "1", "--width", "64")
    monkeypatch.setattr(sys, "argv", ["rewrite", *QUICK, "--json", *model])
    importlib.import_module("benchmarks.rewrite").main()
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["benchmark"] for line in lines] == [
        "rewrite: translator",
        "rewrite: writer",
    ]
    rates = [json.loads(line)["texts_per_second"] for line in lines]
    assert [len(one) for one in rates] == [3, 2]
    assert min(rates[0]["nlpaug, batches of 32"], rates[1]["ours"]) > 0


@slow
def test_entities(small_demo, monkeypatch, capsys):
    monkeypatch.chdir(small_demo)
    names = ("ann", "bob", "cleo", "dave")
    for split, used in (("train", names[:3]), ("validation", names), ("test", names)):
        rows = [
            {
                "text": f"{name} saw the {word} film in {split}",
                "spans": [{"start": 0, "end": len(name), "label": "PER"}],
            }
            for name in used
            for word in ("good", "bad", "dull", "slow", "great")
        ]
        Path(f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    corpus = [
        {"name": split, "path": f"{split}.jsonl", "label": "spans", "split": split}
        for split in ("train", "validation", "test")
    ]
    base = {"base": f"{MODELS}/minilm", "epochs": 1, "batch_size": 8}
    recipe = {
        "corpus": corpus,
        "labels": ["PER"],
        "task": {"kind": "spans"},
        "augment": {"copies": 1, "methods": ["typo.keyboard", "entity.replace"]},
        "teacher": {"model": "tagger", "max_length": 64, "train": base},
        "output": {"path": "entities-out", "shards": 1},
        "distill": {
            "model": "tagged",
            "student": {"from": "teacher", "layers": [1]},
            "training": {"steps": 2, "batch_size": 8, "precision": "fp32"},
        },
        "evaluate": {"suites": ["clean", "typo"]},
    }
    recipe["augment"]["methods"] = [{"use": name} for name in recipe["augment"]["methods"]]
    Path("entities.yaml").write_text(yaml.safe_dump(recipe))
    monkeypatch.setattr(
        sys, "argv", ["entities", "entities.yaml", "--seeds", "1", "2", "--into", "made-entities"]
    )
    importlib.import_module("benchmarks.entities").main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[-5:-3]] == ["clean", "typo"]
    assert lines[-1].startswith("F1 of unseen mentions, difference")


def test_rewriters(small_demo, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(small_demo)
    writer = writers.writer(tmp_path / "writer")
    paraphrase = {"use": "rewrite.paraphrase", "shortest": 0, "longest": 9, "protect": []}
    paraphrase["model"] = str(writers.translator(tmp_path / "translator"))
    (tmp_path / "methods.yaml").write_text(yaml.safe_dump([paraphrase]))
    models = ("--teacher", f"{MODELS}/teacher", "--encoder", f"{MODELS}/minilm")
    more = ("--writer", str(writer), "--methods", str(tmp_path / "methods.yaml"))
    arguments = ["rewriters", *models, *more, "--limit", "6", "--pairs", str(tmp_path / "pairs")]
    monkeypatch.setattr(sys, "argv", arguments)
    importlib.import_module("benchmarks.rewriters").main()
    head, _, *lines = capsys.readouterr().out.splitlines()
    rows = [dict(zip(head.split("|")[1:-1], line.split("|")[1:-1], strict=True)) for line in lines]
    rows = [{key.strip(): value.strip() for key, value in row.items()} for row in rows]
    names = ["rewrite.prompt", "rewrite.prompt, best of 4", "write.text", "write.text, best of 4"]
    assert [row["method"] for row in rows] == [*names, "rewrite.paraphrase"]
    for row in rows:
        assert row["texts"] == "6"
        refused = sum(int(one.rpartition(" ")[2]) for one in row["refused for"].split(", ") if one)
        assert float(row["refused"]) == pytest.approx(100 * refused / 6, abs=0.1)
        written = row["method"].startswith("write.")
        assert (row["labels kept"] == "") == (written or refused == 6)
    name = "rewrite.paraphrase"
    pairs = (tmp_path / f"pairs/{name}.txt").read_text()
    assert pairs.count("\n\n") == 6 - round(float(rows[-1]["refused"]) * 6 / 100)


@slow
def test_few_labels(small_demo, tmp_path, monkeypatch, capsys):
    """The table has the teachers and students of each arm, and resumes without making anything."""
    monkeypatch.chdir(small_demo)
    writer = writers.writer(tmp_path / "writer")
    options = ["--writer", str(writer), "--into", str(tmp_path / "few"), "--seeds", "1", "2"]
    options += ["--labels", "4", "--steps", "2", "--unlabelled", "20", "--written", "8"]
    options += ["--base", f"{MODELS}/minilm", "--student", f"{MODELS}/bert-tiny"]
    options += ["--validation", "6", "--arms"]
    benchmark = importlib.import_module("benchmarks.few_labels")
    monkeypatch.setattr(benchmark, "MAX_LENGTH", 64)

    def rows(*arms):
        monkeypatch.setattr(sys, "argv", ["few_labels", *options, *arms])
        benchmark.main()
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| 4")]
        return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]

    first = rows("real", "text", "language_model")
    real, text, words = first
    assert real[:4] == ["4", "real", "classifier", "2"]
    assert text[:4] == ["4", "text", "classifier", "2"]
    assert words[:4] == ["4", "rules", "language_model", "2"]
    assert real[5:7] == text[5:7]  # their teacher is one
    assert all(" ± " in cell for row in first for cell in row[5:9])
    assert real[9:] == ["", ""]
    assert all(" to " in cell for row in (text, words) for cell in row[9:])
    monkeypatch.setattr(benchmark, "run_all", None)
    assert rows("real") == first
    results = (tmp_path / "few/results.jsonl").read_text().splitlines()
    assert len(results) == 6
    assert len((tmp_path / "few/corpus/validation.jsonl").read_text().splitlines()) == 6
    with pytest.raises(SystemExit):
        rows("real", "--steps", "3")
    assert "other settings" in capsys.readouterr().err


def test_every_benchmark_is_run_here():
    benchmarks = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - {
        "timing",
        "mention_check",
        "plain_loop",
        "trainings",
    }
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {name for name in benchmarks if not any(t.startswith(name) for t in tests)} == set()
