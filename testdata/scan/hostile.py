#!/usr/bin/env python3
"""Writes one large file that tries to exhaust whoever reads it, or (torch) one that is only large. Standard library
only; inert.

    python3 hostile.py --list
    python3 hostile.py NAME OUT
"""
import bz2, gzip, io, lzma, os, struct, sys, tarfile, zipfile, zlib

MIB = 1 << 20
GIB = 1 << 30


def repeated(out, block, total):
    """Writes `block` over and over, at least `total` bytes."""
    piece = block * max(1, MIB // len(block))
    for _ in range(-(-total // len(piece))):
        out.write(piece)


def zeros_deflated(total):
    """A raw deflate stream of zeros, made from two blocks that are repeated: ten gigabytes take seconds."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(MIB)
    first = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)
    count = total // MIB
    return first * count + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def crc_of_zeros(total):
    crc, block = 0, bytes(64 * MIB)
    while total:
        take = min(total, len(block))
        crc = zlib.crc32(block[:take], crc)
        total -= take
    return crc


def zip_of(members):
    """A zip64 archive of members (name, method, stored bytes, size, CRC)."""
    out, central = io.BytesIO(), b""
    for name, method, data, size, crc in members:
        offset, extra = out.tell(), struct.pack("<HHQQ", 1, 16, size, len(data))
        out.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, method, 0, 33, crc, 2**32 - 1, 2**32 - 1, len(name), 20))
        out.write(name + extra + data)
        central += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, method, 0, 33, crc, 2**32 - 1, 2**32 - 1,
                               len(name), 20, 0, 0, 0, 0, offset) + name + extra
    start = out.tell()
    out.write(central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(members), len(members), len(central), start, 0))
    return out.getvalue()


def deflate_bomb(out):
    """10 GB of zeros as the pickle of an archive, and as a tensor record."""
    size = 10 * GIB
    data, crc = zeros_deflated(size), crc_of_zeros(size)
    out.write(zip_of([(b"m/data.pkl", 8, data, size, crc), (b"m/data/0", 8, data, size, crc)]))


def xz_bomb(out):
    """4 GiB of zeros, as streams behind each other."""
    out.write(lzma.compress(bytes(64 * MIB), preset=1) * 64)


def xz_dictionary(out):
    """A stream that declares a dictionary of 2 GiB."""
    xz = lzma.LZMACompressor(filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 4096}])
    data = bytearray(xz.compress(os.urandom(4 * MIB)) + xz.flush())
    # The block header: size, flags, filter id, length of properties, dictionary size, padding, CRC32.
    assert data[12] == 2 and data[14] == 0x21
    data[16] = 38
    data[20:24] = struct.pack("<I", zlib.crc32(bytes(data[12:20])))
    out.write(data)


def zstd_frame(blocks, window):
    """A frame whose blocks each repeat one byte 128 KiB times; `window` is the descriptor."""
    out = bytearray(b"\x28\xb5\x2f\xfd\x00" + bytes([window]))
    header = (128 << 10) << 3 | 1 << 1
    block = struct.pack("<I", header)[:3] + b"\0"
    out += block * (blocks - 1) + struct.pack("<I", header | 1)[:3] + b"\0"
    return bytes(out)


def zstd_bomb(out):
    """8 GiB of zeros."""
    out.write(zstd_frame(8 * GIB // (128 << 10), 0x58))


def zstd_window(out):
    """A window of 2 GiB."""
    out.write(zstd_frame(4 * GIB // (128 << 10), 0xA8))


def xz_window(out):
    """A dictionary of 64 MiB that is used."""
    out.write(xz_used(os.urandom(MIB) * 70))


def xz_windows(out):
    """Two of them within each other."""
    out.write(xz_used(xz_used(os.urandom(70 * MIB))))


def xz_used(data):
    xz = lzma.LZMACompressor(filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 64 * MIB}])
    return xz.compress(data) + xz.flush()


def bz2_bomb(out):
    """2 GiB of zeros, as streams behind each other."""
    out.write(bz2.compress(bytes(64 * MIB), 9) * 32)


def tar_gz(out):
    """A tar of 2 GiB of zeros, as one member."""
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w|") as tar:
            member = tarfile.TarInfo("model/weights.bin")
            member.size = 2 * GIB
            tar.addfile(member, Zeros(member.size))


class Zeros:
    def __init__(self, size):
        self.left = size

    def read(self, count=-1):
        count = self.left if count < 0 else min(count, self.left)
        self.left -= count
        return bytes(count)


def tar_members(out):
    """A million members."""
    header = tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT)
    repeated(out, header, 512 * 1_000_000)
    out.write(bytes(1024))


def zip_members(out):
    """300 000 members."""
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(300_000):
            archive.writestr(zipfile.ZipInfo(f"data/{number:040}"), b"")


def nested_zip(out):
    data = b"\x80\x04N."
    for _ in range(200):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
            for copy in range(2):
                archive.writestr(zipfile.ZipInfo(f"{copy}.pkl"), data)
        data = inner.getvalue()
        if len(data) > 32 * MIB:
            break
    out.write(data)


def nested_gzip(out):
    data = bytes(64 * MIB)
    for _ in range(500):
        data = gzip.compress(data, 9, mtime=0)
    out.write(data)


def pickle_ints(out):
    """1 GiB of integers in a list, in batches of a thousand as a pickler writes them."""
    out.write(b"\x80\x04]\x94")
    repeated(out, b"(" + b"K\x01M\x02\x03J\x04\x05\x06\x07J\x08\x09\x0a\x0b" * 250 + b"e", GIB)
    out.write(b".")


def pickle_batch(out):
    """As many integers on the stack at once."""
    out.write(b"\x80\x04](")
    repeated(out, b"K\x01M\x02\x03J\x04\x05\x06\x07", 200 * MIB)
    out.write(b"e.")


def pickle_stack(out):
    """Nothing but pushes."""
    out.write(b"\x80\x04")
    repeated(out, b"N", 200 * MIB)
    out.write(b".")


def pickle_marks(out):
    out.write(b"\x80\x04")
    repeated(out, b"(", 200 * MIB)
    out.write(b".")


def pickle_memo(out):
    """Every value kept in the memo."""
    out.write(b"\x80\x04N")
    repeated(out, b"]\x94", 200 * MIB)
    out.write(b".")


def pickle_depth(out):
    """Tuples in tuples."""
    out.write(b"\x80\x04N")
    repeated(out, b"\x85", 200 * MIB)
    out.write(b".")


def pickle_strings(out):
    """Strings of 60 KiB, each kept on the stack."""
    out.write(b"\x80\x04")
    text = b"x" * (60 << 10)
    repeated(out, b"X" + struct.pack("<I", len(text)) + text, 600 * MIB)
    out.write(b".")


def pickle_globals(out):
    """Millions of imports, each with a name of its own, each called."""
    out.write(b"\x80\x02")
    for start in range(0, 4_000_000, 10_000):
        out.write(b"".join(b"cmod%d\nname\n)R0" % number for number in range(start, start + 10_000)))
    out.write(b"N.")


def pickle_streams(out):
    """Millions of streams behind each other."""
    repeated(out, b"\x80\x02cos\nsystem\n.", 200 * MIB)


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx(out):
    """5 million nodes, each of a domain that nobody knows."""
    node = field(1, field(4, b"Evil") + field(7, b"unheard.of") + field(5, field(1, b"a")))
    graph = node * (200 * MIB // len(node))
    out.write(b"\x08\x08" + field(2, b"nobody") + field(7, graph))


def onnx_tensors(out):
    """Half a million weights, each in a file of its own."""
    graph = b"".join(field(5, field(8, b"w%d" % n) + b"\x70\x01" + field(13, field(1, b"location") + field(2, b"../w%d.bin" % n)))
                     for n in range(500_000))
    out.write(b"\x08\x08" + field(2, b"nobody") + field(7, graph))


def onnx_depth(out):
    """Graphs in attributes of nodes of graphs, as deep as 100 MB go."""
    tail, size, pieces = b"", 0, []
    while size < 20 * MIB:
        for number in (6, 5, 1):
            head = varint(number << 3 | 2) + varint(size)
            pieces.append(head)
            size += len(head)
    graph = b"".join(reversed(pieces)) + tail
    out.write(b"\x08\x08" + field(7, graph))


def gguf(out):
    """Ten million keys."""
    count = 9_000_000
    out.write(b"GGUF" + struct.pack("<IQQ", 3, 0, count))
    for start in range(0, count, 10_000):
        out.write(b"".join(struct.pack("<Q8sIB", 8, b"%08x" % number, 0, 0) for number in range(start, start + 10_000)))


def gguf_strings(out):
    """A vocabulary of twenty million strings, and as many tensors as fit."""
    out.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 21) + b"tokenizer.ggml.tokens")
    count = 200 * MIB // 9
    out.write(struct.pack("<IIQ", 9, 8, count))
    repeated(out, struct.pack("<Qs", 1, b"a"), count * 9)


def gguf_tensors(out):
    count = 3_000_000
    out.write(b"GGUF" + struct.pack("<IQQ", 3, count, 0))
    for start in range(0, count, 10_000):
        out.write(b"".join(struct.pack("<Q8sIQIQ", 8, b"%08x" % number, 1, 8, 0, 32 * number)
                           for number in range(start, start + 10_000)))
    out.write(bytes(32 * count))


def safetensors(out):
    """A header of 90 MB with a million tensors, which the format allows."""
    safetensors_of(out, 1_200_000, b"")


def safetensors_many(out):
    """As many tensors as are read, with long names."""
    safetensors_of(out, 119_000, b"x" * 90)


def safetensors_of(out, count, name):
    entries = b",".join(b'"%s%08d":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}' % (name, number, number, number + 1)
                        for number in range(count))
    header = b"{" + entries + b"}"
    out.write(struct.pack("<Q", len(header)) + header + bytes(count))


def json_depth(out):
    out.write(b'{"architectures":')
    repeated(out, b"[", 200 * MIB)


def json_tokens(out):
    """A vocabulary as large as is read."""
    out.write(b'{"version": "1.0", "model": {"type": "BPE", "vocab": {')
    for start in range(0, 1_700_000, 10_000):
        out.write(b"".join(b'"token%08d": %d,' % (number, number) for number in range(start, start + 10_000)))
    out.write(b'"x": 0}}}')


def json_objects(out):
    """As many objects as are read, each one to be judged."""
    out.write(b'{"layers": [')
    repeated(out, b'{"class_name": "Lambda", "module": "strange", "config": {}},', 39 * MIB)
    out.write(b"{}]}")


def json_wide(out):
    """A configuration of 200 MB."""
    out.write(b'{"architectures": ["A"], "auto_map": {')
    for start in range(0, 4_000_000, 10_000):
        out.write(b"".join(b'"Auto%d": "o/r--m.C%d",' % (number, number) for number in range(start, start + 10_000)))
    out.write(b'"x": "y"}}')


def keras_json(out):
    """A Keras configuration of 150 MB in an archive, all of it layers of a strange module."""
    layer = b'{"module": "strange", "class_name": "Layer", "config": {"name": "a"}, "registered_name": "x>Layer"},'
    config = (b'{"module": "keras", "class_name": "Sequential", "config": {"layers": [' + layer * (150 * MIB // len(layer))
              + b"{}]}}")
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("metadata.json"), b'{"keras_version": "3.4.1"}')
        archive.writestr(zipfile.ZipInfo("config.json"), config)


def yaml(out):
    repeated(out, b"- _target_: os.system\n  _args_: [a, b]\n", 200 * MIB)


def yaml_whole(out):
    """A configuration as large as is read."""
    out.write(b"a: &a [x, x, x, x]\n" + b"".join(b"k%d: {_target_: os.system%d, _args_: *a}\n" % (n, n) for n in range(21_000)))


def python_whole(out):
    """A source file as large as is read, named so that it is."""
    zip_with(out, "m/model.py", b"import os\n" + b"(os.system)((a+b)*c)[d]\n" * 43_000)


def template_whole(out):
    zip_with(out, "m/chat_template.jinja", b"{{ a.__class__['x'] | attr('y') }}{% for a in b %}{% endfor %}" * 16_000)


def zip_with(out, name, data):
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), data)


def python(out):
    out.write(b"import os\n")
    repeated(out, b"os.system('echo weightlock-test')\n", 200 * MIB)


def xml_wide(out):
    out.write(b'<?xml version="1.0"?><PMML version="4.4">')
    repeated(out, b'<Extension name="a" value="b"/>', 200 * MIB)
    out.write(b"</PMML>")


def xml(out):
    out.write(b'<?xml version="1.0"?><PMML version="4.4">')
    repeated(out, b"<a>", 200 * MIB)


def msgpack(out):
    """Arrays in arrays."""
    out.write(b"\x81\xa6params\x81\xa5Dense\x81\xa6kernel")
    repeated(out, b"\x91", 200 * MIB)


def msgpack_wide(out):
    out.write(b"\x82\xa6params\x81\xa5Dense\x81\xa6kernel\xa1a\xa1b\xdd\x06\x00\x00\x00")
    repeated(out, b"\xa1a", 192 * MIB)


def tensorflow(out):
    """A graph of five million nodes that write files."""
    node = field(1, field(1, b"n") + field(2, b"WriteFile"))
    graph = node * (200 * MIB // len(node))
    meta = field(2, graph)
    out.write(b"\x08\x01" + field(2, meta))


def tensorflow_names(out):
    """Nodes of names of their own, each of which writes files."""
    graph = b"".join(field(1, field(1, b"node%d" % n) + field(2, b"WriteFile")) for n in range(900_000))
    out.write(b"\x08\x01" + field(2, field(2, graph)))


def npz_members(out):
    with zipfile.ZipFile(out, "w") as archive:
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
        data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + bytes(4)
        for number in range(90_000):
            archive.writestr(zipfile.ZipInfo(f"a{number}.npy"), data)


def joblib_arrays(out):
    """Two million arrays of one byte, each behind its wrapper (see joblib's numpy_pickle)."""
    def text(data):
        return b"\x8c" + bytes([len(data)]) + data
    start = (b"\x80\x04]\x94(" + text(b"joblib.numpy_pickle") + b"\x94" + text(b"NumpyArrayWrapper") + b"\x94\x93\x94"
             + text(b"numpy") + b"\x94" + text(b"ndarray") + b"\x94\x93\x94" + text(b"numpy") + b"\x94" + text(b"dtype")
             + b"\x94\x93\x94" + text(b"u1") + b"\x94\x89\x88\x87\x94R\x94")
    wrapper = (b"h\x03)\x81}(" + text(b"subclass") + b"h\x06" + text(b"shape") + b"K\x01\x85" + text(b"order") + text(b"C")
               + text(b"dtype") + b"h\x0c" + text(b"allow_mmap") + b"\x89" + b"ub")
    out.write(start)
    repeated(out, wrapper + b"\x00", 2_000_000 * (len(wrapper) + 1))
    out.write(b"e.")


def numpy(out):
    """A header of 100 MB."""
    header = b"{'descr': [" + b"('a', '<f4')," * (100 * MIB // 13) + b"], 'fortran_order': False, 'shape': (1,)}\n"
    out.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header)


def hdf5(out):
    """A root group whose header goes on for 200 MB in continuations of small messages (see the HDF5 file format)."""
    message = struct.pack("<HHB3x", 0x000C, 24, 0) + struct.pack("<BBHHH", 1, 0, 2, 8, 4) + b"a\0" + bytes(14)
    body = message * (200 * MIB // len(message))
    start = 96
    superblock = b"\x89HDF\r\n\x1a\n" + struct.pack("<BBBBBBBBHHI", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0)
    superblock += struct.pack("<QQQQ", 0, 2**64 - 1, start + 16 + len(body), 2**64 - 1)
    superblock += struct.pack("<QQII16x", 0, start, 0, 0)
    out.write(superblock + struct.pack("<BBHII4x", 1, 0, 65535, 1, min(len(body), 2**32 - 1)) + body)


def torch(out):
    """A checkpoint of 1 GiB in 64 tensors, as PyTorch writes it, data aligned and stored. Not hostile."""
    def storage(number, count):
        return (b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
                + b"X" + struct.pack("<I", len(str(number))) + str(number).encode() + b"X\x03\0\0\0cpuJ"
                + struct.pack("<i", count) + b"tQK\0J" + struct.pack("<i", count) + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR")
    count = 4 * MIB
    pickle = b"\x80\x02}(" + b"".join(b"X" + struct.pack("<I", len(key := b"layer.%d" % number)) + key + storage(number, count)
                                      for number in range(64)) + b"u."
    block = os.urandom(4 * count)
    with zipfile.ZipFile(out, "w") as archive:
        def put(name, data):
            info = zipfile.ZipInfo("archive/" + name)
            gap = -(out.tell() + 30 + len(info.filename)) % 64
            info.extra = struct.pack("<2sH", b"FB", (gap - 4) % 64) + b"Z" * ((gap - 4) % 64)
            archive.writestr(info, data)
        put("data.pkl", pickle)
        put("byteorder", b"little")
        for number in range(64):
            put(f"data/{number}", block)
        put("version", b"3\n")


FILES = {name: value for name, value in globals().copy().items()
         if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("out",)
         and value.__code__.co_argcount == 1}

if __name__ == "__main__":
    if sys.argv[1] == "--list":
        print("\n".join(FILES))
    else:
        with open(sys.argv[2], "wb") as file:
            FILES[sys.argv[1]](file)
