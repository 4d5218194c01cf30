from mashbill.models.path_hash import path_hash


def test_a_hash_of_content_knows_names_and_bytes(tmp_path):
    def hashed(**files: str) -> str:
        folder = tmp_path / "+".join(f"{name}={text}" for name, text in files.items())
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        return path_hash(str(folder))

    found = [hashed(a="x", b="y"), hashed(a="y", b="x"), hashed(a="xy", b=""), hashed(a="x", c="y")]
    assert len(set(found)) == len(found)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/a").write_text("x")
    (tmp_path / "other/b").write_text("y")
    assert path_hash(str(tmp_path / "other")) == found[0]
    assert path_hash(str(tmp_path / "other/a")) != path_hash(str(tmp_path / "other/b"))
