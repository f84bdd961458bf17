"""Parquet as pyarrow writes it: codecs, pages, types of the text and of all other columns, odd groups and schemas."""

import datetime
import decimal
import json
import math

import pyarrow as pa
import pyarrow.parquet as pq

from cases import ROWS, Case, texts

STRING = pa.string()


def base(count=ROWS):
    return {"id": pa.array([f"d{n}" for n in range(count)]), "text": pa.array(texts(count)), "n": pa.array(range(count))}


def written(table, **options):
    """Writes this table."""
    return lambda path: pq.write_table(table, path, **options)


def case(name, table=None, config="", **options):
    return Case(name, {"a.parquet": written(table if table is not None else pa.table(base()), **options)}, config=config)


def codecs():
    for codec in ("none", "snappy", "gzip", "zstd", "lz4", "brotli"):
        for version in ("1.0", "2.0"):
            name = f"parquet {codec}, data pages {version}"
            yield case(name, compression=codec, data_page_version=version)
    yield Case("parquet lz4 as old writers call it", {"a.parquet": old_lz4})
    yield case("parquet a codec a column", compression={"id": "gzip", "text": "zstd", "n": "none"})


def old_lz4(path):
    """LZ4 pages under the older codec number, whose blocks may be framed or, as here, not."""
    pq.write_table(pa.table(base()), path, compression="lz4")
    data = bytearray(path.read_bytes())
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    at = footer
    # The field `codec` of each column: type i32, four fields after the first, 7 as a zigzag varint.
    while (at := data.find(b"\x15\x0e\x16", at)) >= 0:
        data[at + 1] = 5 * 2
        at += 1
    path.write_bytes(data)
    old = pq.ParquetFile(path)
    assert old.metadata.row_group(0).column(0).compression == "UNKNOWN", "pyarrow has no name for it"
    assert old.read().equals(pa.table(base()))


def pages():
    yield case("parquet no dictionaries", use_dictionary=False)
    yield case("parquet dictionaries for all", pa.table(base() | {"c": pa.array(["x", None] * 12)}), use_dictionary=True)
    deltas = {"text": "DELTA_BYTE_ARRAY", "id": "DELTA_LENGTH_BYTE_ARRAY", "n": "DELTA_BINARY_PACKED"}
    yield case("parquet delta encodings", use_dictionary=False, column_encoding=deltas)
    deltas = {"text": "DELTA_LENGTH_BYTE_ARRAY", "id": "DELTA_BYTE_ARRAY", "n": "BYTE_STREAM_SPLIT"}
    yield case("parquet other delta encodings, pages 2.0", use_dictionary=False, column_encoding=deltas, data_page_version="2.0")
    floats = {"f": pa.array([n / 7 for n in range(ROWS)], pa.float32()), "d": pa.array([n / 7 for n in range(ROWS)])}
    yield case("parquet byte stream split", pa.table(base() | floats), use_dictionary=False, use_byte_stream_split=["f", "d"])
    flags = pa.table(base() | {"b": pa.array([True, None, False] * 8)})
    yield case("parquet booleans in RLE", flags, use_dictionary=False, column_encoding={"b": "RLE"}, data_page_version="2.0")
    yield case("parquet page checksums", write_page_checksum=True)
    yield case("parquet pages of a few rows", data_page_size=64, write_batch_size=2, dictionary_pagesize_limit=128)
    yield case("parquet page index, no statistics", write_page_index=True, write_statistics=False)
    yield case("parquet without an Arrow schema", store_schema=False)
    yield case("parquet version 1.0", version="1.0")
    yield case("parquet sorted", sorting_columns=[pq.SortingColumn(2)])


def texts_of_types():
    values = texts()
    kinds = {
        "large_string": pa.array(values, pa.large_string()),
        "string_view": pa.array(values, pa.string_view()),
        "dictionary of string": pa.array(values).dictionary_encode(),
        "dictionary of int8, large_string": pa.DictionaryArray.from_arrays(pa.array(range(ROWS), pa.int8()), pa.array(values, pa.large_string())),
        "dictionary of few": pa.DictionaryArray.from_arrays(pa.array([n % 5 for n in range(ROWS)], pa.int32()), pa.array(values[:5])),
        "string in chunks": pa.chunked_array([values[:3], [], values[3:]]),
    }
    for kind, text in kinds.items():
        yield case(f"text: {kind}", pa.table({"text": text, "n": range(ROWS)}))
        yield case(f"text: {kind}, no Arrow schema", pa.table({"text": text}), store_schema=False)
    required = pa.schema([pa.field("text", STRING, nullable=False, metadata={"a": "b"})])
    yield case("text: required, with metadata", pa.table([pa.array(values)], schema=required))
    half = pa.array([*values[:20], None, None, "", " "])
    yield Case("text: null and empty ones", {"a.parquet": written(pa.table({"text": half}))}, bad={"E-TEXT-NULL": 2}, plain=True)
    nulls = pa.DictionaryArray.from_arrays(pa.array([0, None, 1] * 8, pa.int32()), pa.array(values[:2]))
    yield Case("text: nulls in a dictionary", {"a.parquet": written(pa.table({"text": nulls}))}, bad={"E-TEXT-NULL": 8})
    yield Case("text: null type", {"a.parquet": written(pa.table({"text": pa.nulls(3)}))}, bad={"E-TEXT-NULL": 3})
    wide = pa.table({"text": [text + " café 漢字 😀 \0 \x7f \u2028" for text in values]})
    yield case("text: wide characters, NUL", wide)
    for kind, values in {"binary": [b"x"], "int64": [1], "list of string": [["x"]], "struct": [{"a": "x"}]}.items():
        yield Case(f"text: {kind}, refused", {"a.parquet": written(pa.table({"text": values}))}, code=2, says="text")
    yield Case("text: no such column, refused", {"a.parquet": written(pa.table({"body": ["x"]}))}, code=2, says="body")


def times():
    day = datetime.datetime(1969, 12, 31, 23, 59, 59, 123456)
    for unit in ("s", "ms", "us", "ns"):
        whole = pa.array([day.replace(microsecond=0), None])
        yield f"timestamp[{unit}]", whole.cast(pa.timestamp(unit))
        yield f"timestamp[{unit}, UTC]", whole.cast(pa.timestamp(unit, "UTC"))
        yield f"timestamp[{unit}, Europe/Paris]", whole.cast(pa.timestamp(unit, "Europe/Paris"))
        yield f"duration[{unit}]", pa.array([-5, None], pa.duration(unit))
    yield "date32", pa.array([-1, None], pa.date32())
    yield "date64", pa.array([datetime.date(1969, 12, 31), None], pa.date64())
    yield "time32[s]", pa.array([5, None], pa.time32("s"))
    yield "time32[ms]", pa.array([5, None], pa.time32("ms"))
    yield "time64[us]", pa.array([5, None], pa.time64("us"))
    yield "time64[ns]", pa.array([5, None], pa.time64("ns"))


def numbers():
    for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64()):
        yield str(kind), pa.array([-(2 ** (kind.bit_width - 1)), None, 2 ** (kind.bit_width - 1) - 1], kind)
    for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()):
        yield str(kind), pa.array([2**kind.bit_width - 1, None], kind)
    odd = [math.nan, -0.0, 0.0, math.inf, None, -math.inf, 1.5]
    for kind in (pa.float16(), pa.float32(), pa.float64()):
        yield str(kind), pa.array(odd, kind)
    for kind in (pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal128(38, 10), pa.decimal256(76, 20), pa.decimal128(5, -2)):
        if kind.scale > 0:
            yield str(kind), pa.array([decimal.Decimal("-1234567.25"), None], kind)
    yield "bool", pa.array([True, None, False])
    yield "null", pa.nulls(2)


def bytes_and_strings():
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(3)):
        yield str(kind), pa.array([b"\x00\xff\x80", None], kind)
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        yield str(kind), pa.array(["\0é", None, "", "x" * 5000], kind)
    yield "dictionary of int8", pa.array(["x", None, "y"]).dictionary_encode().cast(pa.dictionary(pa.int8(), STRING))
    yield "dictionary of uint16, large", pa.array(["x", None]).dictionary_encode().cast(pa.dictionary(pa.uint16(), pa.large_string()))
    yield "dictionary of int64", pa.array([7, None, 9]).dictionary_encode()
    yield "dictionary of binary", pa.array([b"x", None]).dictionary_encode()
    yield "dictionary of double", pa.array([0.5, None]).dictionary_encode()
    ordered = pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int8()), pa.array(["low", "high"]), ordered=True)
    yield "dictionary, ordered", ordered
    yield "extension uuid", pa.array([b"0123456789abcdef", None], pa.uuid())
    yield "extension json", pa.array(['{"a": 1}', None], pa.json_(STRING))
    yield "extension bool8", pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None], pa.int8()))
    yield "extension fixed_shape_tensor", pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.int32(), [2]), pa.array([[1, 2], None], pa.list_(pa.int32(), 2)))
    yield "extension opaque", pa.ExtensionArray.from_storage(pa.opaque(pa.binary(), "t", "v"), pa.array([b"x", None]))


def nested():
    yield "list", pa.array([[1, None], [], None])
    yield "large_list", pa.array([["a"], [], None], pa.large_list(STRING))
    yield "fixed_size_list", pa.array([[1.5, None], None], pa.list_(pa.float32(), 2))
    yield "list of list", pa.array([[[1], None, []], None])
    yield "struct", pa.array([{"a": 1, "b": None}, None], pa.struct([("a", pa.int8()), ("b", STRING)]))
    yield "struct of struct", pa.array([{"a": {"text": "x", "tamis": None}}, {"a": None}, None])
    yield "list of struct", pa.array([[{"role": "user", "content": "x"}, None], [], None])
    yield "struct of list of map", pa.array([{"l": [[("k", 1)], []]}, None], pa.struct([("l", pa.list_(pa.map_(STRING, pa.int32())))]))
    yield "map", pa.array([[("a", 1), ("a", None)], [], None], pa.map_(STRING, pa.int32()))
    yield "map, keys sorted", pa.array([[("a", 1)], None], pa.map_(STRING, pa.int32(), keys_sorted=True))
    yield "list of dictionary", pa.ListArray.from_arrays([0, 2, 3], pa.array(["x", "y", "x"]).dictionary_encode())
    yield "list of string_view", pa.array([["a", None], None], pa.list_(pa.string_view()))
    yield "struct of large_binary", pa.array([{"b": b"x"}, None], pa.struct([("b", pa.large_binary())]))
    yield "struct of date64", pa.array([{"d": datetime.date(2000, 1, 1)}, None], pa.struct([("d", pa.date64())]))
    yield "list of timestamp[s] in a zone", pa.array([[5], None], pa.list_(pa.timestamp("s", "Europe/Paris")))
    yield "struct of timestamp", pa.array([{"t": 5}, None], pa.struct([("t", pa.timestamp("ms", "UTC"))]))
    deep = pa.array([1, None])
    for _ in range(12):
        deep = pa.StructArray.from_arrays([pa.ListArray.from_arrays([0, 1, 2], deep)], ["x"])
    yield "twelve levels", deep


def other_columns():
    values = texts()
    for group in (times, numbers, bytes_and_strings, nested):
        for name, column in group():
            repeated = pa.concat_arrays([column] * -(-ROWS // len(column))).slice(0, ROWS)
            table = pa.table({"x": repeated, "text": values, "last": repeated})
            yield case(f"column: {name}", table)
    stamps = pa.table({"text": values, "t": pa.array(range(ROWS), pa.timestamp("ns"))})
    yield case("column: timestamp in int96", stamps, use_deprecated_int96_timestamps=True)
    lists = pa.table({"text": values, "l": [[n] for n in range(ROWS)]})
    yield case("column: list in the older form", lists, use_compliant_nested_type=False)
    every = {name: pa.concat_arrays([column] * ROWS).slice(0, ROWS) for group in (times, numbers, bytes_and_strings, nested) for name, column in group()}
    yield case("column: all of these, small pages", pa.table(every | base()), row_group_size=5, data_page_size=64)
    required = [pa.field("text", STRING, False), pa.field("l", pa.list_(pa.field("element", pa.int64(), False)), False, {"k": "v"})]
    yield case("column: required lists", pa.table([values, [[n] for n in range(ROWS)]], schema=pa.schema(required)))
    twice = pa.Table.from_arrays([pa.array(values), pa.array(range(ROWS)), pa.array(range(ROWS))], names=["text", "x", "x"])
    yield case("column: one name twice", twice)
    odd = pa.table({"text": values, "": range(ROWS), "a.b": range(ROWS), "Text": range(ROWS), "TAMIS": range(ROWS), "é\n\"": range(ROWS)})
    yield case("column: odd names", odd)
    many = pa.table(base() | {f"c{n}": pa.array(range(ROWS)) for n in range(1000)})
    yield case("column: a thousand", many)
    for kind, old in {"int64": [5] * ROWS, "string": ['{"x": 1}'] * ROWS, "struct": [{"x": 1}] * ROWS, "null": [None] * ROWS}.items():
        yield case(f"column: `tamis` already, {kind}", pa.table({"tamis": old, "text": values, "n": range(ROWS)}))


def metadata():
    features = {"info": {"features": {name: {"dtype": "string", "_type": "Value"} for name in ("id", "text")}}}
    two = pa.table({name: base()[name] for name in ("id", "text")})
    yield case("metadata of datasets", two.replace_schema_metadata({"huggingface": json.dumps(features)}))
    index = {"index_columns": [], "columns": [{"name": "text", "pandas_type": "unicode"}], "pandas_version": "2.2.0"}
    yield case("metadata of pandas, and others", two.replace_schema_metadata({"pandas": json.dumps(index), "é": "\0", "empty": ""}))
    fields = pa.schema([pa.field("id", STRING, metadata={"k": "v"}), pa.field("text", STRING, metadata={"PARQUET:field_id": "7"})])
    yield case("metadata of fields, numbers of fields", pa.table(two.columns, schema=fields))


def groups():
    table = pa.table(base(2000))
    yield case("2,000 groups of a row", table, row_group_size=1)
    schema = pa.table(base()).schema

    def in_parts(*parts):
        def write(path):
            with pq.ParquetWriter(path, schema) as writer:
                for start, rows in parts:
                    writer.write_table(pa.table(base()).slice(start, rows), row_group_size=max(rows, 1))

        return write

    parts = {
        "no groups": [],
        "a group without rows": [(0, 0)],
        "a group without rows first": [(0, 0), (0, 24)],
        "a group without rows in the middle": [(0, 10), (0, 0), (0, 0), (10, 14)],
        "a group without rows last": [(0, 24), (0, 0)],
        "groups of other sizes": [(0, 1), (1, 20), (21, 3)],
    }
    for name, these in parts.items():
        yield Case(f"parquet {name}", {"a.parquet": in_parts(*these)})
    yield Case("parquet of 0 bytes", {"a.parquet": lambda path: path.write_bytes(b""), "b.parquet": written(pa.table(base()))})
    huge = pa.DictionaryArray.from_arrays(pa.array([0] * 130, "int32"), pa.array(["a text " * 2_857_142]))
    yield Case("130 rows of one text of 20 MB", {"a.parquet": written(pa.table({"text": huge}), compression="zstd", dictionary_pagesize_limit=1 << 26)}, slow=True, plain=True)


def schemas():
    one = pa.table(base())
    other = one.select(["text", "n", "id"])
    more = pa.table(base() | {"more": [[1]] * ROWS})
    fewer = one.select(["text"])
    typed = pa.table({"n": [str(n) for n in range(ROWS)], "id": base()["id"], "text": texts()})
    shards = {"a": one, "b": other, "c": more, "d": fewer, "e": typed}
    shards = {f"{name}.parquet": written(table) for name, table in shards.items()}
    yield Case("columns differ from shard to shard", shards)
    kinds = {"string": STRING, "large_string": pa.large_string(), "string_view": pa.string_view()}
    shards = {f"{name}.parquet": written(pa.table({"text": pa.array(texts(), kind)})) for name, kind in kinds.items()}
    yield Case("types of text differ from shard to shard", shards)


def talk(values):
    return [{"role": ["user", "assistant"][n % 2], "content": text} for n, text in enumerate(values)]


def paths():
    values = texts(72, seed=8)
    talks = [values[n : n + 3] for n in range(0, 72, 3)]
    table = pa.table({
        "messages": [talk(three) for three in talks],
        "chosen": [three[0] for three in talks],
        "rejected": [three[2] for three in talks],
        "turns": pa.array(talks, pa.large_list(pa.large_string())),
        "meta": [{"body": {"text": three[1]}, "n": n} for n, three in enumerate(talks)],
    })
    named = ["messages[].content", "turns[]", "meta.body.text", ["chosen", "rejected"], ["messages[].content", "chosen"]]
    for text in named:
        name = text if isinstance(text, str) else ", ".join(text)
        yield Case(f"parquet text = {name}", {"a.parquet": written(table, row_group_size=7)}, text=text)


def cases():
    for group in (codecs, pages, texts_of_types, other_columns, metadata, groups, schemas, paths):
        yield from group()
