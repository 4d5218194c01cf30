"""A WordNet of a few synsets, in the format of the real one."""

from pathlib import Path

# part of speech, words with their lexical ids, and how often each is tagged with the sense
SYNSETS = [
    ("n", [("film", 3), ("movie", 9), ("motion_picture", 0)]),
    ("n", [("film", 1), ("coating", 0)]),
    ("n", [("plot", 0), ("secret_plan", 0)]),
    ("n", [("man", 9), ("adult_male", 5)]),
    ("n", [("film_noir", 0)]),
    ("n", [("minute", 4), ("moment", 2), ("min", 1), ("mnt", 1)]),
    ("n", [("hot_film", 0)]),
    ("n", [("day", 9), ("twenty-four_hours", 6)]),
    ("n", [("bone", 9), ("os", 1)]),
    ("n", [("power", 9), ("index", 2)]),
    ("n", [("index", 9), ("list", 2)]),
    ("n", [("attempt", 8), ("effort", 8)]),
    ("v", [("try", 9), ("attempt", 8)]),
    ("v", [("plot", 0), ("scheme", 0)]),
    ("v", [("run", 5), ("operate", 2)]),
    ("v", [("like", 4), ("enjoy", 1)]),
    ("a", [("good", 9), ("fine", 2), ("excellent", 3)]),
    ("a", [("dull", 2), ("uninteresting", 0)]),
    ("r", [("well", 4), ("good", 0)]),
]
FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
NUMBERS = {"n": 1, "v": 2, "a": 3, "r": 4}
UNUSED = ("coating", "film_noir", "hot_film", "secret_plan")  # never in the tagged texts
UNITS = "28"  # the lexicographer file of times
EXCEPTIONS = {"n": "men man\n", "v": "ran run\n", "a": "best good\nbetter good\n", "r": ""}


def write_wordnet(folder: Path, line_end: str = "\n") -> Path:
    """Writes the files; offsets count line ends as one, whatever they are (as a package does)."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = []
    for pos, name in FILES.items():
        data = "  1 a licence, indented  \n"
        senses: dict[str, list[int]] = {}
        for kind, words in SYNSETS:
            if kind != pos:
                continue
            offset = len(data)
            number = len(senses)
            file = UNITS if words[0][0] == "day" else "03"
            listed = " ".join(f"{word} {number:x}" for word, _ in words)
            data += f"{offset:08d} {file} {pos} {len(words):02x} {listed} 000 | a gloss  \n"
            for word, count in words:
                senses.setdefault(word, []).append(offset)
                key = f"{word}%{NUMBERS[pos]}:{file}:{number:02d}::"
                if word not in UNUSED:
                    counts.append(f"{key} 1 {count}\n")
        index = "".join(
            f"{word} {pos} {len(found)} 0 {len(found)} 0 {' '.join(f'{o:08d}' for o in found)}  \n"
            for word, found in sorted(senses.items(), key=lambda item: item[0] + " ")
        )
        files = {f"data.{name}": data, f"index.{name}": "  1 a licence\n" + index}
        files[f"{name}.exc"] = EXCEPTIONS[pos]
        for file, content in files.items():
            (folder / file).write_bytes(content.replace("\n", line_end).encode())
    (folder / "cntlist.rev").write_text("".join(sorted(counts)))
    return folder
