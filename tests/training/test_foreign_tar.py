"""Tars that other programs write have the members that Python's own reader finds in them."""

import io
import subprocess
import tarfile

import pytest
import webdataset
from hypothesis import given
from hypothesis import strategies as st

from training.foreign_tar import regular_files

NAMES = ("a.png", "a.txt", "b/c.txt", "ünï.txt", "d/" * 60 + "e.txt", "k" * 200 + ".png")


def written(layout, mtime=0.0):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=layout) as tar:
        for place, name in enumerate(NAMES):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = 700 * place, mtime
            tar.addfile(info, io.BytesIO(bytes([place + 1]) * info.size))
    return made


def contents(file):
    return {one.name: file.getvalue()[one.offset : one.offset + one.size] for one in regular_files(file)}


@pytest.mark.parametrize("layout", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_and_foreign_names_are_read(layout):
    expected = {name: bytes([place + 1]) * (700 * place) for place, name in enumerate(NAMES)}
    assert contents(written(layout, mtime=1.5)) == expected


def test_what_webdataset_writes_is_read(tmp_path):
    with webdataset.TarWriter(str(tmp_path / "a.tar")) as writer:
        writer.write({"__key__": "k0", "txt": "words"})
    with (tmp_path / "a.tar").open("rb") as file:
        (member,) = regular_files(file)
        file.seek(member.offset)
        assert (member.name, file.read(member.size)) == ("k0.txt", b"words")


def test_folders_of_gnu_tar_are_passed_over(tmp_path):
    (tmp_path / "in" / "d").mkdir(parents=True)
    (tmp_path / "in" / "d" / "a.txt").write_text("words")
    subprocess.run(["tar", "-C", str(tmp_path / "in"), "-cf", str(tmp_path / "a.tar"), "."], check=True)
    assert contents(io.BytesIO((tmp_path / "a.tar").read_bytes())) == {"./d/a.txt": b"words"}


def test_links_are_refused():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        link = tarfile.TarInfo("a.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(ValueError, match="no regular file"):
        list(regular_files(made))


@pytest.mark.parametrize("said", [b"x", b"999 path=a\n", b"9 path=a", b"0 path=a\n", b"12 size=-100\n", b"-5 a=b\n"])
def test_a_pax_header_that_is_none_is_refused(said):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        info = tarfile.TarInfo("x")
        info.type, info.size = tarfile.XHDTYPE, len(said)
        tar.addfile(info, io.BytesIO(said))
    with pytest.raises(ValueError, match="pax header"):
        list(regular_files(made))


@pytest.mark.parametrize("padding", [0, 512, 10 << 10, (1 << 20) - 512, 3 << 20])
def test_two_tars_in_a_file_are_refused(padding):
    whole = written(tarfile.PAX_FORMAT).getvalue()
    begin = len(whole) + padding
    with pytest.raises(ValueError, match=rf"the tar ends at byte \d+ and another begins at byte {begin}: give each"):
        list(regular_files(io.BytesIO(whole + bytes(padding) + whole)))


@pytest.mark.parametrize("rest", [b"\n", b"\xff" * 700, bytes(64 << 10), bytes(3 << 20)])
def test_what_else_follows_the_end_is_passed_over(rest):
    """tar fills up the last of its records, of any size, with whatever."""
    whole = written(tarfile.PAX_FORMAT)
    assert contents(io.BytesIO(whole.getvalue() + rest)) == contents(whole)


@pytest.mark.parametrize("record", [b"12 path=abc\n", b"9 size=3\n"])
def test_a_header_that_gives_all_members_one_path_or_size_is_refused(record):
    with pytest.raises(ValueError, match="the pax header at byte 0 gives all members one path or size"):
        list(regular_files(io.BytesIO(said_of_all(record))))


def test_a_comment_on_all_members_is_passed_over():
    """As git archive writes it."""
    assert contents(io.BytesIO(said_of_all(b"13 comment=x\n"))) == contents(written(tarfile.PAX_FORMAT))


def said_of_all(record):
    info = tarfile.TarInfo("pax_global_header")
    info.type, info.size = tarfile.XGLTYPE, len(record)
    return info.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0") + written(tarfile.PAX_FORMAT).getvalue()


@given(st.integers(0, 6000), st.binary(min_size=1, max_size=40))
def test_damage_is_refused_or_harmless(place, damage):
    data = bytearray(written(tarfile.PAX_FORMAT).getvalue()[:8192])
    data[place : place + len(damage)] = damage
    try:
        members = list(regular_files(io.BytesIO(bytes(data))))
    except ValueError:
        return
    assert all(one.offset + one.size <= len(data) for one in members)
