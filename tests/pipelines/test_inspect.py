import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.inspect import inspect
from tests.pipelines.finished import finished


def test_inspect_prints_the_counts_and_writes_the_report(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    out = finished(tmp_path)
    inspect(str(out))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    cells = [[cell for cell in row if cell not in "│┃"] for row in rows]
    assert ["train", "62", "0", "62", "0", "100.0%"] in cells
    assert ["test.made", "31", "0", "31", "0"] in cells  # filters chose them by what it says
    kept = ["64.5", "%", "(52.1–75.3)"]  # 40 of 62, though the filter has left 31
    assert ["test.made", "62", "62", "62", *kept, "31"] in cells
    assert any("broken" in row and row[-1] == "5" for row in cells)
    assert (out / "report.html").exists()


def test_labels_and_reasons_are_no_markup(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    out = finished(tmp_path)
    run = (out / "run.json").read_text().replace('"broken', '"[red]broken[/nothing]')
    (out / "run.json").write_text(run)
    inspect(str(out))
    assert "[red]broken[/nothing]" in capsys.readouterr().out


def test_a_folder_that_is_no_data_set(tmp_path):
    with pytest.raises(MashbillError, match=r"no run\.json"):
        inspect(str(tmp_path))
