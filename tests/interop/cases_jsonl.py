"""JSON lines as others write them: compressions, line ends, and all that JSON allows."""

import gzip
import json
import shutil
import subprocess

from cases import Case, texts

SKIPPABLE = b"\x50\x2a\x4d\x18\x05\0\0\0hello"


def records():
    return [{"id": f"d{n}", "text": text, "n": n} for n, text in enumerate(texts())]


def lines(**options):
    """Lines as Python's json writes them."""
    return [json.dumps(record, **options).encode() for record in records()]


def joined(rows, end=b"\n"):
    return b"".join(row + end for row in rows)


def raw(data):
    """Writes these bytes."""
    return lambda path: path.write_bytes(data)


def with_text(text, row='{"id":"x","text":%s}'):
    """A line with this JSON literal as its text, or anywhere else."""
    return (row % text).encode()


def zst(data, *flags):
    """Compressed by the zstd program; from a pipe, so that the frame does not tell its size."""
    return subprocess.run(["zstd", "-cq", *flags], input=data, stdout=subprocess.PIPE, check=True).stdout


def piped(command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def halves(data):
    """Cut where no line ends."""
    return data[: len(data) // 3 + 7], data[len(data) // 3 + 7 :]


def without_member(line):
    """A line whose first member is an older `tamis`, as it must be written."""
    _, end = json.JSONDecoder().raw_decode(line.decode(), len('{"tamis": '))
    return b"{" + line[end + 2 :]


def compressions():
    data = joined(lines())
    first, second = halves(data)
    yield Case("jsonl plain", {"a.jsonl": raw(data)})
    yield Case("jsonl other endings of names", {"a.ndjson": raw(data), "b.json": raw(data), "C.JSONL": raw(data)})
    yield Case("jsonl.gz by gzip", {"a.jsonl.gz": raw(piped(["gzip", "-c"], data))})
    if shutil.which("pigz"):
        yield Case("jsonl.gz by pigz", {"a.jsonl.gz": raw(piped(["pigz", "-c", "-p2", "-b128"], data * 40))})
    yield Case("jsonl.gz of members", {"a.jsonl.gz": raw(b"".join(gzip.compress(part) for part in (first, b"", second)))})
    named = gzip.compress(b"") + piped(["gzip", "-c", "-9"], data)
    yield Case("jsonl.gz of an empty member and one", {"a.jsonl.gz": raw(named)})
    yield Case("jsonl.zst by zstd", {"a.jsonl.zst": raw(zst(data))})
    yield Case("jsonl.zst level 19, no checksum", {"a.jsonl.zst": raw(zst(data, "-19", "--no-check"))})
    yield Case("jsonl.zst by zstd -T2 --adapt", {"a.jsonl.zst": raw(zst(data * 40, "-T2", "--adapt"))})
    frames = b"".join(zst(line + b"\n") for line in lines())
    yield Case("jsonl.zst a frame a line", {"a.jsonl.zst": raw(frames)})
    yield Case("jsonl.zst frames cut in lines", {"a.jsonl.zst": raw(zst(first) + zst(second))})
    between = SKIPPABLE + zst(first) + SKIPPABLE * 2 + zst(b"") + zst(second) + zst(b"") + SKIPPABLE
    yield Case("jsonl.zst skippable and empty frames", {"a.jsonl.zst": raw(between)})
    yield Case("jsonl.zst by pzstd's frames", {"a.jsonl.zst": raw(SKIPPABLE + zst(data) + SKIPPABLE + zst(data))})
    yield Case("jsonl.zst --long=27", {"a.jsonl.zst": raw(zst(data, "--long=27"))})
    long = zst(data, "--long=31", "--ultra", "-1")
    yield Case("jsonl.zst --long=31, refused", {"a.jsonl.zst": raw(long)}, code=3, says="E-ZST-WINDOW")
    yield Case("jsonl.zst --long=31, allowed", {"a.jsonl.zst": raw(long)}, config="[limits]\nzstd_window_log = 31")
    yield Case("jsonl.zst bytes after the end", {"a.jsonl.zst": raw(zst(data) + b"rest")}, code=3, says="E-ZST")
    yield Case("jsonl.gz bytes after the end", {"a.jsonl.gz": raw(gzip.compress(data) + b"rest")}, code=3, says="E-GZ")


def empty():
    ends = {"a.jsonl": b"", "b.jsonl.gz": b"", "c.jsonl.zst": b"", "d.jsonl": b"\n\n", "e.jsonl": b"\xef\xbb\xbf"}
    ends |= {"f.jsonl.gz": gzip.compress(b""), "g.jsonl.zst": zst(b""), "h.jsonl.zst": SKIPPABLE, "i.jsonl": b" "}
    for name, data in ends.items():
        yield Case(f"no rows: {data[:4]!r} in {name[2:]}", {name: raw(data)})
    yield Case("one row", {"a.jsonl": raw(lines()[0])})


def line_ends():
    rows = lines()
    yield Case("CRLF", {"a.jsonl": raw(joined(rows, b"\r\n"))})
    yield Case("CRLF and LF in turn", {"a.jsonl": raw(joined([row + b"\r" * (n % 2) for n, row in enumerate(rows)]))})
    yield Case("no last line end", {"a.jsonl": raw(b"\n".join(rows))})
    yield Case("CRLF, no last line end", {"a.jsonl": raw(b"\r\n".join(rows))})
    yield Case("BOM", {"a.jsonl": raw(b"\xef\xbb\xbf" + joined(rows))})
    yield Case("blank lines", {"a.jsonl": raw(b"\n\n \t\n" + joined(rows, b"\n\r\n \n") + b"\n\n")})
    yield Case("white space around", {"a.jsonl": raw(joined([b" \t" + row + b" \t" for row in rows]))})
    spaced = [row.replace(b": ", b"\t:\r ").replace(b', "', b' , \t"').replace(b"}", b" \r }") for row in rows]
    yield Case("white space inside", {"a.jsonl": raw(joined(spaced))})
    bad = {"E-JSON": 2}
    yield Case("two objects on a line, a broken line", {"a.jsonl": raw(joined([rows[0] + rows[1], rows[2][:-9], *rows[3:]]))}, bad=bad)
    yield Case("lines of other things", {"a.jsonl": raw(joined([b"[1]", b'"x"', b"7", b"null", *rows]))}, bad={"E-JSON": 4})


def texts_of_json():
    rows = lines()
    yield Case("escapes of all but ASCII", {"a.jsonl": raw(joined([json.dumps({"text": row["text"] + " café 漢字 😀"}).encode() for row in records()]))})
    yield Case("no escapes but the needed", {"a.jsonl": raw(joined([json.dumps({"text": row["text"] + ' café 漢字 😀 "\\\t\x7f\u2028'}, ensure_ascii=False).encode() for row in records()]))})
    escaped = [b'{"text": "' + b"".join(b"\\u%04X" % ord(c) for c in row["text"]) + b'"}' for row in records()]
    yield Case("every character escaped", {"a.jsonl": raw(joined(escaped))})
    odd = [row.replace(b"The ", b"\\u0000The\\/ \\b\\f\\ud83d\\ude00 ") for row in rows]
    yield Case("NUL, solidus, surrogate pairs", {"a.jsonl": raw(joined(odd))})
    yield Case("an escaped key", {"a.jsonl": raw(joined([row.replace(b'"text"', b'"\\u0074ext"') for row in rows]))})
    bad = [with_text('"half \\ud800 pair"'), with_text('"half \\udc00 pair"'), with_text('"half \\ud800\\u0041"')]
    yield Case("lone surrogates in the text", {"a.jsonl": raw(joined(bad + rows))}, bad={"E-SURROGATE": 3})
    elsewhere = [row.replace(b'"n"', b'"\\udc00": "\\ud800", "n"') for row in rows]
    yield Case("lone surrogates elsewhere", {"a.jsonl": raw(joined(elsewhere))})
    broken = [b'{"text":"a \xff b"}', b'{"text":"a","x":"\xc3("}', b'{"text":"\xed\xa0\x80"}']
    yield Case("not UTF-8", {"a.jsonl": raw(joined(broken + rows))}, bad={"E-UTF8": 3})
    control = [b'{"text":"raw \x01 control"}', b'{"text":"a","x":"\x00"}', b'{"te\txt":"a"}']
    yield Case("raw control characters", {"a.jsonl": raw(joined(control + rows))}, bad={"E-JSON": 3})
    kinds = [b'{"text":null}', b'{"text":7}', b'{"text":["a"]}', b'{"text":{"a":"b"}}', b'{"text":true}', b'{"x":"no text"}', b"{}"]
    yield Case("texts of other types, or missing", {"a.jsonl": raw(joined(kinds + rows))}, bad={"E-TEXT-NULL": 1, "E-TEXT-TYPE": 4, "E-TEXT-MISSING": 2})
    empties = [b'{"text":""}', b'{"text":" "}', b'{"text":"\\n"}', b'{"text":"\\u200b"}']
    yield Case("empty texts", {"a.jsonl": raw(joined(empties + rows))}, plain=True)


def other_fields():
    rows = lines()

    def beside(value, key="x"):
        return {"a.jsonl": raw(joined([row.replace(b'{"id"', b'{"%s": %s, "id"' % (key.encode(), value)) for row in rows]))}

    yield Case("numbers of 40 digits", beside(b"1234567890123456789012345678901234567890"))
    yield Case("numbers of 400 decimals", beside(b"0." + b"123456789" * 45))
    yield Case("numbers beyond doubles", beside(b"[1e400, -1E+400, 1e-400, -0, -0.0, 1.0, 1.50, 1E5, 12e-0]"))
    yield Case("deep nesting", beside(b"[" * 100 + b'{"a":' * 20 + b"0" + b"}" * 20 + b"]" * 100))
    deep = b'{"text":"a","x":' + b"[" * 200000 + b"]" * 200000 + b"}"
    yield Case("200,000 levels deep", {"a.jsonl": raw(joined([deep, *rows * 9]))}, bad={"E-JSON-DEPTH": 1})
    yield Case("keys twice", beside(b'1, "x": 2, "n": 3, "": 4, "": 5'))
    yield Case("the text twice", {"a.jsonl": raw(joined([b'{"text":"a","text":"b"}', *rows]))}, bad={"E-JSON-DUPLICATE": 1})
    yield Case("ten thousand keys", beside(b'0, "' + b'": 0, "'.join(b"k%d" % n for n in range(10000)) + b'": 0', "k"))
    yield Case("texts inside other fields", beside(b'{"text": "not this", "tamis": {"origin": "human"}}, "x.text": [{"text": 0}]'))
    turned = [json.dumps(dict(reversed(record.items()))).encode() for record in records()]
    sorted_keys = [json.dumps(record, sort_keys=True, separators=(",", ":")).encode() for record in records()]
    yield Case("keys in any order", {"a.jsonl": raw(joined(turned + sorted_keys))})
    other = [json.dumps({"text": record["text"], "only": n}).encode() for n, record in enumerate(records())]
    typed = [json.dumps({"text": record["text"], "id": n, "n": str(n)}).encode() for n, record in enumerate(records())]
    yield Case("other fields and types from shard to shard", {"a.jsonl": raw(joined(rows)), "b.jsonl": raw(joined(other)), "c.jsonl": raw(joined(typed + other))})
    ids = [b"17", b"null", b"{}", b"1e999", b"true", b'"\\ud800"', b"123456789012345678901234567890"]
    yield Case("ids of every type", {"a.jsonl": raw(joined([row.replace(b'"d%d"' % n, ids[n % len(ids)]) for n, row in enumerate(rows)]))})


def provenance():
    rows = lines()
    for name, old in (("null", b"null"), ("a number", b"5"), ("an object", b'{"x": [1, 2]}')):
        marked = [b'{"tamis": ' + old + b", " + row[1:] for row in rows]
        yield Case(f"`tamis` is {name} already", {"a.jsonl": raw(joined(marked))}, prepare=without_first)


def without_first(line):
    """A row without the older `tamis` that stands first in it; rows of companions have none."""
    return without_member(line) if line.startswith(b'{"tamis"') else line


def talks(texts_of_talk):
    """A record of several texts."""
    roles = ["user", "assistant"]
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts_of_talk)]
    return {"id": 7, "messages": messages, "chosen": texts_of_talk[0], "rejected": texts_of_talk[-1], "meta": {"body": {"text": texts_of_talk[1]}}}


def paths():
    all_texts = texts(60, seed=9)
    rows = [json.dumps(talks(all_texts[n : n + 3])).encode() for n in range(0, 60, 3)]
    data = {"a.jsonl": raw(joined(rows))}
    yield Case("text = messages[].content", data, text="messages[].content")
    yield Case("text = chosen, rejected", data, text=["chosen", "rejected"])
    yield Case("text = rejected, chosen", data, text=["rejected", "chosen"])
    yield Case("text = meta.body.text", data, text="meta.body.text")
    yield Case("text = messages[].content and chosen", data, text=["messages[].content", "chosen"])
    turns = [json.dumps({"turns": all_texts[n : n + 3]}).encode() for n in range(0, 60, 3)]
    yield Case("text = turns[]", {"a.jsonl": raw(joined(turns))}, text="turns[]")
    spaced = [row.replace(b": ", b" :\t").replace(b"a ", b"\\u0061 ") for row in rows]
    yield Case("text = messages[].content, escaped and spaced", {"a.jsonl": raw(joined(spaced))}, text="messages[].content")


def cases():
    for group in (compressions, empty, line_ends, texts_of_json, other_fields, provenance, paths):
        yield from group()
