"""A Beam file system for tests: `shelf:///folder/file` is a local file, reached as gs:// and s3:// are."""

import os
import shutil

from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata, FileSystem

from tests.beam_jobs import fake


def curate(source, options=None, uri="", attributes=None):
    """`fake.curate`; a child that unpickles it knows the file system too."""
    return fake.curate(source, options, uri, attributes)


def _local(path):
    return path.removeprefix("shelf://")


class ShelfFileSystem(FileSystem):
    def __init__(self, pipeline_options):
        if pipeline_options is None:
            raise ValueError("as s3:// does, it asks for the pipeline's options")
        super().__init__(pipeline_options)

    @classmethod
    def scheme(cls):
        return "shelf"

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        head, _, tail = path.rpartition("/")
        return head, tail

    def has_dirs(self):
        return False

    def mkdirs(self, path):
        os.makedirs(_local(path))

    def _list(self, dir_or_prefix):
        for folder, _, names in os.walk(_local(dir_or_prefix.rstrip("/"))):
            for name in names:
                yield self.metadata("shelf://" + os.path.join(folder, name))

    def create(self, path, mime_type="", compression_type=CompressionTypes.AUTO):
        os.makedirs(os.path.dirname(_local(path)), exist_ok=True)
        return open(_local(path), "wb")

    def open(self, path, mime_type="", compression_type=CompressionTypes.AUTO):
        return open(_local(path), "rb")

    def copy(self, source_file_names, destination_file_names):
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            shutil.copy(_local(source), _local(target))

    def rename(self, source_file_names, destination_file_names):
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            os.makedirs(os.path.dirname(_local(target)), exist_ok=True)
            if os.path.exists(_local(target)):
                raise BeamIOError("a store may refuse to replace")
            os.rename(_local(source), _local(target))

    def exists(self, path):
        return os.path.isfile(_local(path))

    def size(self, path):
        return os.path.getsize(_local(path))

    def last_updated(self, path):
        return os.path.getmtime(_local(path))

    def checksum(self, path):
        return ""

    def metadata(self, path):
        return FileMetadata(path, self.size(path), self.last_updated(path))

    def delete(self, paths):
        for path in paths:
            os.unlink(_local(path))
