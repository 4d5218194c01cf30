"""The files that a corpus names: where they lie, how large they are, and what is in them."""

import glob
import os
import re

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError, first_line
from mashbill.models.path_hash import file_hash
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.credentials import check_credentials
from mashbill.transforms.hub import load_hub


def digests(spec: CorpusSpec) -> dict[str, str]:
    """Path to what identifies its content: a hash of local files, else size and checksum."""
    hub = {address: load_hub(address)._fingerprint for address in spec.addresses}
    return hub | {path: _digest(path, size) for path, size in files_of(spec).items()}


def stamp_of(path: str) -> str:
    """What changes when a file does, without reading it: size and time, or an object's checksum."""
    if FileSystems.get_scheme(path) is None:
        status = os.stat(path)
        return f"{status.st_size} {status.st_mtime_ns}"
    return FileSystems.checksum(path)


def stored_bytes(spec: CorpusSpec) -> int:
    """How large its files are, as they are stored; a data set of the hub counts nothing."""
    return sum(files_of(spec).values())


def files_of(spec: CorpusSpec) -> dict[str, int]:
    """Path to bytes, sorted; a file that several patterns match stands there once."""
    sizes: dict[str, int] = {}
    for pattern in spec.globs:
        check_credentials(f"corpus {spec.name}", pattern)
        try:
            matches = FileSystems.match([_escape_what_exists(pattern)])[0].metadata_list
        except (BeamIOError, OSError, ValueError) as error:
            raise MashbillError(f"corpus {spec.name}: {pattern}: {first_line(error)}") from None
        if not matches:
            hint = "; [ ] are a choice of letters, write [[] for [" if "[" in pattern else ""
            raise MashbillError(f"corpus {spec.name}: no file matches {pattern}{hint}")
        for metadata in matches:
            if not _is_unicode(metadata.path):
                raise MashbillError(
                    f"corpus {spec.name}: {metadata.path!r}: the file name is not valid UTF-8"
                )
            sizes[metadata.path] = metadata.size_in_bytes
    return dict(sorted(sizes.items()))


def _escape_what_exists(pattern: str) -> str:
    """A pattern in which a file, or a leading folder, that is called so stands for itself."""
    ends = [match.start() for match in re.finditer("/", pattern)]
    for end in (len(pattern), *reversed(ends)):
        if glob.has_magic(pattern[:end]) and FileSystems.exists(pattern[:end]):
            return glob.escape(pattern[:end]) + pattern[end:]
    return pattern


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _digest(path: str, size: int) -> str:
    if FileSystems.get_scheme(path) is None:
        return file_hash(path).hex()
    return f"{size} bytes, checksum {FileSystems.checksum(path)}"
