"""Files made to harm whoever reads them: bombs, impossible sizes, code in a pickle."""

import io
import json
import os
import pickle
import struct
import zipfile
import zlib
from functools import lru_cache
from random import Random

import numpy as np
import pydicom
from dicom_files import dicom
from pydicom import uid
from pydicom.encaps import encapsulate

MARKER = "LRCLR_FUZZ_MARKER"
"""Environment variable with a path that no reader may create."""


def dicom_sizes(rng: Random) -> bytes:
    """Rows, columns and frames out of all reason, in any syntax."""
    syntax = rng.choice([uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEG2000Lossless,
                         uid.JPEGLSLossless])  # fmt: skip
    data = pydicom.dcmread(io.BytesIO(dicom(syntax=syntax)))
    large = [0, 1, 96, 9999, 30000, 65535]
    data.Rows, data.Columns = rng.choice(large), rng.choice(large)
    data.NumberOfFrames = rng.choice(["1", "0", "-3", "99999", "2147483647"])
    data.BitsAllocated = rng.choice([0, 1, 8, 16, 32, 64, 65535])
    data.SamplesPerPixel = rng.choice([0, 1, 2, 3, 65535])
    buffer = io.BytesIO()
    data.save_as(buffer)
    return buffer.getvalue()


def dicom_deflate_bomb(rng: Random) -> bytes:
    """A deflated data set of zeros, or of small elements, up to a gigabyte."""
    data = dicom(syntax=uid.DeflatedExplicitVRLittleEndian)
    piece = _deflated(rng.choice([bytes(8), b"\x09\x00\x01\x10LO\x00\x00"]))
    return data[: _meta_end(data)] + piece * rng.choice([1, 64, 256]) + b"\x03\x00"


@lru_cache
def _deflated(unit: bytes) -> bytes:
    """Four megabytes of a unit, as a piece of a deflated stream that can be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(unit * (2**22 // len(unit))) + packer.flush(zlib.Z_FULL_FLUSH)


def dicom_nested(rng: Random) -> bytes:
    """Sequences of undefined length in each other, or one of very many items."""
    data = dicom()
    opened = b"\x40\x00\x60\xa7SQ\x00\x00" + b"\xff" * 4
    item = b"\xfe\xff\x00\xe0" + b"\xff" * 4
    body = (opened + item) * rng.choice([10, 900, 20000])
    if rng.random() < 0.5:
        body = opened + b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * rng.choice([100, 10**6])
    at = _meta_end(data)
    return data[:at] + body + data[at:]


def dicom_many_elements(rng: Random) -> bytes:
    """A header of very many small elements."""
    data, count = dicom(), rng.choice([10**4, 10**6])
    numbers = np.arange(count, dtype="<u4")
    elements = np.zeros((count, 8), np.uint8)
    elements[:, :4] = (((numbers >> 15) * 2 + 0x0009) | ((numbers & 0x7FFF) + 0x1000 << 16)).view(
        np.uint8
    ).reshape(-1, 4)  # fmt: skip
    elements[:, 4:6] = [ord("L"), ord("O")]
    at = _meta_end(data)
    return data[:at] + elements.tobytes() + data[at:]


def dicom_stream(rng: Random) -> bytes:
    """A compressed stream that states another size than the header, or codes that unpack far."""
    data = pydicom.dcmread(io.BytesIO(dicom(syntax=uid.JPEG2000Lossless)))
    if rng.random() < 0.5:
        header = struct.pack("<16L", 2, 64, 2**20, *[0] * 13)
        data.PixelData = encapsulate([header + b"\x81\x00" * rng.choice([2**10, 2**22])])
        data.file_meta.TransferSyntaxUID = uid.RLELossless
    else:
        stream = bytearray(pydicom.encaps.get_frame(data.PixelData, 0, number_of_frames=1))
        at = stream.index(b"\xff\x51") + 6
        stream[at : at + 8] = struct.pack(">2L", rng.choice([96, 2**16, 2**31]), 2**16)
        data.PixelData = encapsulate([bytes(stream)])
    data["PixelData"].VR = "OB"
    buffer = io.BytesIO()
    data.save_as(buffer)
    return buffer.getvalue()


def _meta_end(data: bytes) -> int:
    return 144 + int.from_bytes(data[140:144], "little")


def png_bomb(rng: Random) -> bytes:
    """A PNG of zeros: sound up to the limit, or beyond it, or with a header that lies."""
    width, height = rng.choice([(20000, 20000), (2**31 - 1, 1), (1, 2**31 - 1), (65535, 65535),
                                (4000, 4000), (0, 0)])  # fmt: skip
    colour, depth = rng.choice([(0, 8), (0, 16), (2, 8), (6, 16), (3, 1)])
    rows = min(height, 4000)
    raw = _zeros(min(rows * (1 + width * 8), 2**25))
    chunks = [(b"IHDR", struct.pack(">2L5B", width, height, depth, colour, 0, 0, 0))]
    if rng.random() < 0.5:  # text that unpacks far
        chunks.append((b"zTXt", b"Comment\0\0" + _zeros(2**26)))
    chunks += [(b"PLTE", bytes(6)), (b"IDAT", raw), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@lru_cache
def _zeros(count: int) -> bytes:
    return zlib.compress(bytes(count), 1)


def jpeg_sizes(rng: Random) -> bytes:
    """A JPEG whose frame header states another size."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new(rng.choice(["L", "RGB"]), (64, 64)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">2H", rng.choice([0, 1, 9000, 65535]), rng.choice([1, 65535]))
    return bytes(data)


def csv_wide(rng: Random) -> bytes:
    """Very many columns, one enormous cell, or very many rows."""
    kind = rng.randrange(4)
    if kind == 0:
        count = rng.choice([10**3, 10**6])
        header = b"id,image," + b",".join(b"c%d" % n for n in range(count))
        return header + b"\na,a.png" + b"," * count + b"\n"
    if kind == 1:
        return b"id,image,text\na,a.png,\"" + b"x" * rng.choice([10**4, 2 * 10**7]) + b'"\n'
    if kind == 2:
        return b"id,image\n" + b"a,../../etc/passwd\n" * 10**4 + b"b,b.png\n"
    nested = b"[" * 10**5
    return b'id,image,boxes,masks\na,a.png,"' + nested + b'","' + nested + b'"\n'


def pickle_code(_rng: Random) -> bytes:
    """A checkpoint that runs code where it is unpickled: it would make a file."""
    import torch


    class _Run:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (os.environ.get(MARKER, "/nonexistent/marker"),)

    buffer = io.BytesIO()
    torch.save({"state_dict": _Run()}, buffer)
    return buffer.getvalue()


def pt_zip_bomb(rng: Random) -> bytes:
    """A .pt whose members are deflated zeros."""
    return _zip_bomb(rng.choice(["data.pkl", "data/0", "version"]), rng.choice([16, 400]))


@lru_cache
def _zip_bomb(grown: str, megabytes: int) -> bytes:
    import torch

    sound = io.BytesIO()
    torch.save({"a": torch.zeros(4)}, sound)
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(sound) as held,
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out,
    ):
        for member in held.namelist():
            with out.open(member, "w", force_zip64=True) as file:
                file.write(held.read(member))
                if member.endswith(grown):
                    for _ in range(megabytes):
                        file.write(bytes(2**20))
    return bomb.getvalue()


def pt_expanded(rng: Random) -> bytes:
    """Tensors of a few bytes that say they are enormous, by strides of 0."""
    import torch

    side = rng.choice([10**3, 10**5])
    state = {
        "visual.conv1.weight": torch.zeros(1).expand(side, 3, 32, 32),
        "visual.positional_embedding": torch.zeros(1).expand(50, side),
        "positional_embedding": torch.zeros(1).expand(side, 64),
        "ln_final.weight": torch.zeros(64), "text_projection": torch.zeros(1).expand(64, side),
        "token_embedding.weight": torch.zeros(1).expand(100, 64),
        "visual.transformer.resblocks.0.x": torch.zeros(1),
        "transformer.resblocks.0.x": torch.zeros(1),
    }  # fmt: skip
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def pickle_bare(rng: Random) -> bytes:
    """The old format: a bare pickle, of code, of deep nesting, or of a number that is a memory."""
    deep = b"\x80\x02" + b"(" * 10**5 + b"l" * 10**5 + b"."
    huge = b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x."
    code = b"cos\nsystem\n(S'id'\ntR."
    return rng.choice([deep, huge, pickle.dumps(os.getcwd, protocol=2), code])


def safetensors_header(rng: Random) -> bytes:
    """A header length, shape or offset out of all reason."""
    length = rng.choice([0, 2**31, 2**63, 2**64 - 1, 10**8])
    if rng.random() < 0.5:
        return struct.pack("<Q", length) + b"{}"
    shape = rng.choice([[2**40], [0, 2**62], [2**32, 2**32], [-1], [1] * 10**4])
    entry = {"dtype": rng.choice(["F32", "F16", "X9"]), "shape": shape,
             "data_offsets": rng.choice([[0, 4], [4, 0], [0, 2**50]])}  # fmt: skip
    header = json.dumps({name: entry for name in ("visual.conv1.weight", "b")}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(8)


def config_sizes(rng: Random) -> bytes:
    """A model description with numbers out of all reason."""
    number = rng.choice([0, -1, 7, 10**6, 10**12, 1.5, "wide", None, [], True])
    backbone = {"kind": "compact", "image_size": 64, "width": 32, "depth": 1, "heads": 2,
                "text_depth": 1, "embed_dim": 32}  # fmt: skip
    lrclr = {"k": 3, "fusion_heads": 2, "mix": {"global": 1.0}}
    part = rng.choice([backbone, lrclr])
    part[rng.choice(list(part))] = number
    text = json.dumps({"backbone": backbone, "lrclr": lrclr})
    return ("[" * 10**5 if rng.random() < 0.1 else text).encode()


def xml_bomb(rng: Random) -> bytes:
    """Billion laughs, a file of the reader's machine, or deep nesting."""
    if rng.random() < 0.3:
        return b"<a>" * 10**5
    if rng.random() < 0.4:
        return (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                b'<r><uId id="1"/><AbstractText>&x;</AbstractText></r>')  # fmt: skip
    entities = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "laugh"}">' for n in range(12)
    )
    return (f'<!DOCTYPE r [{entities}]><r><uId id="1"/>'
            '<AbstractText Label="FINDINGS">&e11;</AbstractText></r>').encode()  # fmt: skip
