"""A small writer of torch's files, honest and hostile: pickles by hand, archives that claim anything."""

import struct
import zipfile
import zlib

PROTO, STOP = b"\x80\x02", b"."
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def integer(value):
    data = value.to_bytes(max((value.bit_length() + 8) // 8, 1), "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def names(dotted):
    module, _, name = dotted.rpartition(".")
    return f"c{module}\n{name}\n".encode()


def tuple_of(*items):
    return b"(" + b"".join(items) + b"t"


def dict_of(**items):
    return b"}(" + b"".join(text(name) + value for name, value in items.items()) + b"u"


def call(function, *arguments):
    return names(function) + tuple_of(*arguments) + b"R"


EMPTY_ORDERED = call("collections.OrderedDict")


def storage(key="0", count=6, kind="torch.FloatStorage"):
    return tuple_of(text("storage"), names(kind), text(key), text("cpu"), integer(count)) + b"Q"


def tensor(where=None, offset=0, shape=(2, 3), strides=(3, 1)):
    return call(
        "torch._utils._rebuild_tensor_v2",
        storage() if where is None else where,
        integer(offset),
        tuple_of(*map(integer, shape)),
        tuple_of(*map(integer, strides)),
        b"\x89",
        EMPTY_ORDERED,
    )


def state(**tensors):
    """The pickle of an ordered dict."""
    pairs = b"".join(text(name) + value for name, value in tensors.items())
    return PROTO + EMPTY_ORDERED + b"(" + pairs + b"u" + STOP


def zipped(path, pickle, records, more=()):
    """An archive as torch writes it: nothing compressed; `more` are (ZipInfo or name, bytes) members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickle)
        for key, data in records.items():
            archive.writestr(f"archive/data/{key}", data)
        for name, data in more:
            archive.writestr(name, data)
    return path


def legacy(path, pickle, records):
    """Pickles one after the other, then each storage's count and bytes; `records` are key: (count, bytes)."""
    head = [LEGACY_MAGIC, 1001]
    parts = [PROTO + integer(number) + STOP for number in head]
    parts.append(PROTO + dict_of(little_endian=b"\x88") + STOP)
    parts.append(pickle)
    parts.append(PROTO + b"](" + b"".join(map(text, records)) + b"e" + STOP)
    parts += [struct.pack("<q", count) + data for count, data in records.values()]
    path.write_bytes(b"".join(parts))
    return path


def raw_archive(path, members):
    """An archive of members (name in front, name in the directory, claimed length, bytes or offset to reuse).

    Unlike `zipfile` it lets the directory say anything.
    """
    body, directory = b"", b""
    for own_name, name, length, data in members:
        at = data if isinstance(data, int) else len(body)
        crc = zlib.crc32(b"" if isinstance(data, int) else data)
        if not isinstance(data, int):
            sizes = struct.pack("<III", crc, len(data), len(data))
            lengths = struct.pack("<HH", len(own_name), 0)
            body += b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 0, 0, 0) + sizes + lengths
            body += own_name.encode() + data
        directory += b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 0, 0, 0)
        directory += struct.pack("<III", crc, length, length)
        directory += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, at) + name.encode()
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\x05\x06" + end)
    return path
