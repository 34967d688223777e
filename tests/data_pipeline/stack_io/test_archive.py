"""A ZIP file is read with everything about it checked first: bombs, names that lead out, ciphers, duplicates."""

import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from data_pipeline.stack_io.archive import open_archive, write_archive
from data_pipeline.stack_io.formats import read_stack


def zipped(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return path


def picture(size=(4, 3)):
    out = io.BytesIO()
    Image.fromarray(np.full((size[1], size[0], 4), 255, np.uint8)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x.png", "a/../../x.png", "C:\\x.png", "c:x.png", "a\\b.png", "a\0b.png"]
)
def test_a_name_that_leads_out_is_refused(tmp_path, name):
    path = zipped(tmp_path / "a.zip", [("0.png", picture()), ("x" * len(name), b"")])
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name.encode()))
    with pytest.raises(ValueError, match=r"a\.zip: .*is no name inside the archive"):
        read_stack(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", [("0.png", picture())] * 2)
    with pytest.raises(ValueError, match=r"0\.png: comes twice"):
        read_stack(path)


def test_an_encrypted_member_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", [("0.png", picture())])
    data = bytearray(path.read_bytes())
    flags = data.index(b"PK\1\2") + 8
    data[flags : flags + 2] = struct.pack("<H", 1)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"0\.png: is encrypted"):
        read_stack(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(tmp_path, compression):
    path = zipped(tmp_path / "a.zip", [("0.png", picture())], compression)
    with pytest.raises(ValueError, match="compressed in a way that is not read"):
        read_stack(path)


def test_a_member_that_inflates_a_hundredfold_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", [("0.png", bytes(3 << 20))])
    assert path.stat().st_size < 10_000
    with pytest.raises(ValueError, match=r"0\.png: would inflate from .* to 3,145,728 bytes"):
        read_stack(path)


def test_members_that_share_their_bytes_are_counted_each(tmp_path):
    """As in Fifield's zip bombs: an entry of the directory costs 50 bytes and claims what another holds."""
    path = zipped(tmp_path / "a.zip", [("0.png", b"")])
    data = path.read_bytes()
    entry = data.index(b"PK\1\2")
    claimed = bytearray(data[entry : data.index(b"PK\5\6")])
    claimed[20:28] = struct.pack("<II", 1 << 30, 1 << 30)
    count = 5
    entries = b"".join(bytes(claimed).replace(b"0.png", b"%d.png" % index) for index in range(count))
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(entries), entry, 0)
    path.write_bytes(data[:entry] + entries + end)
    with pytest.raises(ValueError, match="would inflate to more than 4,294,967,296 bytes"):
        read_stack(path)


def test_a_member_inflates_to_no_more_than_it_says(tmp_path):
    path = zipped(tmp_path / "a.zip", [("0.png", bytes(100_000))])
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\1\2")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    with open_archive(path) as archive, pytest.raises(ValueError, match=r"0\.png: is damaged"):
        archive.read("0.png")


def test_a_zipped_folder_is_read_as_one_and_what_macos_adds_is_not(tmp_path):
    members = [("design/0.png", picture()), ("design/1.png", picture()), ("__MACOSX/design/._0.png", b"?")]
    assert len(read_stack(zipped(tmp_path / "a.zip", members)).layers) == 2


def test_what_is_written_has_one_time_and_order_and_mode(tmp_path):
    with open(tmp_path / "a.zip", "wb") as file:
        write_archive(file, [("mimetype", b"x"), ("b.xml", b"b" * 99), ("a.png", b"a" * 99)])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == ["mimetype", "b.xml", "a.png"]
    assert [info.compress_type == zipfile.ZIP_STORED for info in infos] == [True, False, True]
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
