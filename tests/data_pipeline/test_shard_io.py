"""Tar bytes: reproducible, readable by tarfile, copied as runs, safe to index."""

import hashlib
import io
import resource
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.shard_io import TarWriter, index_tar, pack, read_at, whole_file

NAMES = st.from_regex(r"[0-9a-f]{16}\.(composite|layer_[01][0-9])\.png", fullmatch=True)
MEMBERS = st.lists(st.tuples(NAMES, st.binary(max_size=2000)), max_size=5)


def tar_of(members):
    file = io.BytesIO()
    writer = TarWriter(file)
    for name, data in members:
        writer.add(name, data)
    return file.getvalue(), writer.finish(), file


@given(MEMBERS)
def test_what_is_written_is_read_back_by_offset(members):
    _, _, file = tar_of(members)
    assert [(m.name, read_at(file, m.offset, m.size)) for m in index_tar(file)] == members


@given(MEMBERS)
def test_tarfile_reads_it(members):
    _, digest, file = tar_of(members)
    assert digest == hashlib.sha256(file.getvalue()).hexdigest()
    file.seek(0)
    with tarfile.open(fileobj=file) as tar:
        assert [(info.name, tar.extractfile(info).read()) for info in tar] == members


def test_no_clock_owner_or_umask_enters_the_bytes():
    _, digest, _ = tar_of([("0123456789abcdef.json", b"{}")])
    assert digest == "b8a8175d55cc1b83098e8bb3e697543cc84d445a802a47dda71d25e252f583ec"


def test_a_run_copied_from_tar_to_tar_is_the_same_members():
    members = [("a.json", b"x" * 700), ("b.json", b""), ("c.json", b"y" * 512)]
    _, _, file = tar_of(members)
    found = list(index_tar(file))
    start, end = found[1].run[0], sum(found[2].run)
    copy = io.BytesIO()
    writer = TarWriter(copy)
    writer.add_run(read_at(file, start, end - start))
    writer.finish()
    assert copy.getvalue() == tar_of(members[1:])[2].getvalue()
    assert read_at(file, start, end - start) == pack(members[1:])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_devices_and_folders_are_refused(kind):
    info = tarfile.TarInfo("evil")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(ValueError, match="no regular file"):
        list(index_tar(io.BytesIO(info.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))))


def test_a_size_beyond_the_end_is_refused():
    info = tarfile.TarInfo("huge")
    info.size = (8 << 30) - 1
    with pytest.raises(ValueError, match="beyond the end"):
        list(index_tar(io.BytesIO(info.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))))


@given(st.binary(max_size=3000))
def test_any_bytes_are_an_index_or_a_value_error(data):
    try:
        list(index_tar(io.BytesIO(data)))
    except ValueError:
        return


def test_a_cut_tar_is_noticed():
    _, _, file = tar_of([("a.json", b"1"), ("b.json", b"2")])
    with pytest.raises(ValueError, match="no tar header"):
        list(index_tar(io.BytesIO(file.getvalue()[:1024])))


def test_a_file_that_could_not_be_written_leaves_no_trace(tmp_path):
    with pytest.raises(TypeError), whole_file(tmp_path / "x") as file:
        file.write("half")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError, match=r"File too large: '.*/x'"), whole_file(tmp_path / "x") as file:
            file.write(bytes(101))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_whole_file_replaces_the_old_one(tmp_path):
    for content in (b"old", b"new"):
        with whole_file(tmp_path / "x") as file:
            file.write(content)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("x", b"new")]


def test_two_that_write_the_same_file_do_not_meet(tmp_path):
    with whole_file(tmp_path / "x") as first:
        with whole_file(tmp_path / "x") as second:
            second.write(b"second")
        first.write(b"first")
    assert (tmp_path / "x").read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1
