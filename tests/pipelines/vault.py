"""Local files under addresses with a password and a token, as a stand-in for a remote store."""

import os
import posixpath

from apache_beam.io.localfilesystem import LocalFileSystem

SECRET = "wJalrXUtnFEMI-not-a-real-one"
PREFIX = f"vault://me:{SECRET}@host"


def local(address: str) -> str:
    return address.removeprefix(PREFIX).replace("[?]", "?").partition("?")[0]


class VaultFileSystem(LocalFileSystem):
    @classmethod
    def scheme(cls):
        return "vault"

    def split(self, path):
        return posixpath.split(path)

    def match(self, patterns, limits=None):
        found = super().match([local(pattern) for pattern in patterns], limits)
        for result, pattern in zip(found, patterns, strict=True):
            _, mark, query = pattern.replace("[?]", "?").partition("?")
            for metadata in result.metadata_list:
                metadata.path = PREFIX + metadata.path + mark + query
        return found

    def mkdirs(self, path):
        super().mkdirs(local(path))

    def create(self, path, *args, **settings):
        return super().create(local(path), *args, **settings)

    def open(self, path, *args, **settings):
        return super().open(local(path), *args, **settings)

    def exists(self, path):
        return super().exists(local(path))

    def checksum(self, path):
        return super().checksum(local(path))

    def rename(self, sources, destinations):
        super().rename(list(map(local, sources)), list(map(local, destinations)))

    def delete(self, paths):
        for path in paths:
            os.remove(local(path))
