"""Changes to a finished run by somebody who knows it well and makes every digest anew.

Every number, text and list in every JSON file of the run is changed once, every key of the configuration, every score column, every field
of a row's provenance in every format, rows are dropped, doubled, moved and swapped, texts and columns changed. Then the digests of
the shards' records, of the plan and of the manifest are computed again, so that only what follows from inputs, scores
and plan can tell. `tamis verify --inputs` must end with 3 each time.
"""

import copy
import json
import random
import re
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from corrupt_victim import FORMATS, Victim, other_char, read_lines, write_lines

SAMPLE = 64 << 10
# Around the digits of a float in a parsed file, so that they are written as they were read.
MARK = "\ue000"
ESCAPED = json.dumps(MARK).strip('"')
# What leaves no trace in a finished run, and so cannot be told: not demanded of `verify`, and counted apart.
UNPROVED = [
    (r"config\.toml: salvage = false", "no shard is damaged, so nothing would have been salvaged"),
]
# What to put in the place of nothing, where a text would not do.
OF_NULL = {"p_synthetic": 0.25, "generation": 1}


def parse(text):
    return json.loads(text, parse_float=lambda digits: f"{MARK}{digits}{MARK}")


def dump(value, **options):
    text = json.dumps(value, ensure_ascii=False, **options)
    return text.replace(f'"{MARK}', "").replace(f'{MARK}"', "")


def read_json(path):
    return parse(path.read_text())


def write_json(path, value):
    path.write_text(dump(value, indent=2) + "\n")


def digest(data):
    return blake3(data).hexdigest()


def sampled(data):
    """The digest of length, start, middle and end."""
    last = max(len(data) - SAMPLE, 0)
    parts = [data[start : start + SAMPLE] for start in (0, last // 2, last)]
    return digest(len(data).to_bytes(8, "little") + b"".join(parts))


def renew(run, files, **more):
    """New lengths and digests for a list of files; a line that was tampered with so that it names none stays."""
    for file in files if isinstance(files, list) else []:
        if isinstance(file, dict) and (run / str(file.get("path"))).is_file():
            data = (run / file["path"]).read_bytes()
            file |= {"bytes": len(data), "digest": digest(data)} | {name: make(data) for name, make in more.items()}


def reseal(run):
    """Makes all digests anew, from the leaves up."""
    for path in (run / "profile").glob("*.bin"):
        profile = read_json(path.with_suffix(".json"))
        profile["profile"] = digest(path.read_bytes())
        write_json(path.with_suffix(".json"), profile)
    for path in (run / "manifest").rglob("*.json"):
        record = read_json(path)
        renew(run, record.get("files"), sampled=sampled)
        write_json(path, record)
    plan = read_json(run / "plan.json")
    plan["digest"] = ""
    plan["digest"] = digest(dump(plan, separators=(",", ":")).encode())
    write_json(run / "plan.json", plan)
    manifest = read_json(run / "manifest.json")
    renew(run, manifest.get("files"))
    manifest["digest"] = ""
    manifest["digest"] = digest((dump(manifest, indent=2) + "\n").encode())
    write_json(run / "manifest.json", manifest)


def changed(value):
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if value is None:
        return "x"
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value / 2 + 0.125
    if value.startswith(MARK):
        return f"{MARK}{float(value.strip(MARK)) / 2 + 0.125!r}{MARK}"
    if re.fullmatch("[0-9a-f]{16,}", value):
        return ("1" if value[0] == "0" else "0") + value[1:]
    return value + "x"


def changes(value, path=()):
    """Every place in a parsed file, and what to put there: each leaf changed, each list and object shortened."""
    if not isinstance(value, (dict, list)):
        yield path, changed(value)
        return
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if keys:
        shorter = copy.copy(value)
        del shorter[keys[-1]]
        yield path, shorter
    # The first of a list stands for all of it.
    for key in keys if isinstance(value, dict) else keys[:1]:
        yield from changes(value[key], (*path, key))


def put(value, path, new):
    """A copy of a parsed file with another value at one place."""
    if not path:
        return new
    result = copy.copy(value)
    result[path[0]] = put(value[path[0]], path[1:], new)
    return result


class Tampers:
    """Names of changes, each with what makes it."""

    def __init__(self, victim, seed):
        self.victim, self.run, self.draw = victim, victim.run, random.Random(seed)

    def json_files(self):
        # Of files that are alike, one stands for all.
        of_others = re.compile(r"profile/(made|human)|manifest/[^/]*/[^/]*/s[1-9]")
        for path in self.victim.outputs():
            if path.suffix == ".json" and not of_others.match(self.victim.name(path)):
                value = read_json(path)
                for place, new in changes(value):
                    name = f"{self.victim.name(path)}: {'.'.join(map(str, place)) or 'all'}"
                    yield name, lambda path=path, value=value, place=place, new=new: write_json(path, put(value, place, new))

    def quarantine(self):
        for path in sorted((self.run / "quarantine").rglob("*.jsonl"))[:1]:
            lines = path.read_text().splitlines()
            yield f"{self.victim.name(path)}: a line less", lambda path=path, lines=lines: path.write_text("".join(f"{line}\n" for line in lines[1:]))
            value = parse(lines[0])
            for place, new in changes(value):
                text = "\n".join([dump(put(value, place, new), separators=(",", ":")), *lines[1:]]) + "\n"
                yield f"{self.victim.name(path)}: {'.'.join(place)}", lambda path=path, text=text: path.write_text(text)

    def config(self):
        path = self.run / "config.toml"
        lines = path.read_text().splitlines()
        for at, line in enumerate(lines):
            if " = " not in line:
                continue
            key, _, value = line.partition(" = ")
            if value in ("true", "false"):
                new = "false" if value == "true" else "true"
            elif value[0] in '"[':
                new = re.sub(r'"([^"]*)"', r'"\1x"', value, count=1)
            else:
                new = str(float(value) + 1 if "." in value else int(value) + 1)
            text = "\n".join([*lines[:at], f"{key} = {new}", *lines[at + 1 :]]) + "\n"
            yield f"config.toml: {line}", lambda text=text: path.write_text(text)

    def bytes_of_profiles(self):
        for path in (self.run / "profile").glob("*.bin"):
            data = path.read_bytes()
            yield f"{self.victim.name(path)}: a byte", lambda path=path, data=data: path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    def files(self):
        data = next((self.run / "data" / "human").iterdir())

        def gone(path):
            path.unlink()
            manifest = read_json(self.run / "manifest.json")
            manifest["files"] = [file for file in manifest["files"] if file["path"] != self.victim.name(path)]
            write_json(self.run / "manifest.json", manifest)

        def more(path):
            path.write_bytes(data.read_bytes())
            manifest = read_json(self.run / "manifest.json")
            files = manifest["files"] + [{"path": self.victim.name(path), "bytes": 0, "digest": ""}]
            manifest["files"] = sorted(files, key=lambda file: file["path"])
            write_json(self.run / "manifest.json", manifest)

        for folder in ("quarantine", "profile", "config.toml", "inputs.json", "report.json"):
            path = self.run / folder
            path = next(file for file in sorted(path.rglob("*")) if file.is_file()) if path.is_dir() else path
            yield f"{self.victim.name(path)}: gone", lambda path=path: gone(path)
        yield "data: a file more", lambda: more(data.with_name(f"more-{data.name}"))

    def scores(self):
        for path in sorted((self.run / "scores" / "human").iterdir())[:1]:
            table = pq.ParquetFile(path).read()
            rows = table.to_pylist()
            at = self.draw.randrange(8, len(rows))
            for name in table.schema.names:
                new = [{**row, name: changed(row[name]) if row[name] is not None else None} if n == at else row for n, row in enumerate(rows)]
                if new != rows:
                    yield f"{self.victim.name(path)}: {name}", lambda path=path, new=new: self.write_table(path, new, table.schema)
            for name, new in moved(rows, at):
                yield f"{self.victim.name(path)}: {name}", lambda path=path, new=new: self.write_table(path, new, table.schema)

    @staticmethod
    def write_table(path, rows, schema):
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, compression="zstd")

    def data(self):
        for path in sorted((self.run / "data" / "human").iterdir()):
            name = self.victim.name(path)
            if path.suffix == ".parquet":
                table = pq.ParquetFile(path).read()
                rows = table.to_pylist()
                for what, new in [("as it was", rows), *self.changed_rows(rows, json.dumps)]:
                    yield f"{name}: {what}", lambda path=path, new=new, table=table: self.write_table(path, new, table.schema)
                yield f"{name}: column renamed", lambda path=path, table=table: pq.write_table(table.rename_columns(["N" if c == "n" else c for c in table.schema.names]), path)
                yield f"{name}: column gone", lambda path=path, table=table: pq.write_table(table.drop_columns(["n"]), path)
                yield f"{name}: column more", lambda path=path, table=table: pq.write_table(table.add_column(0, "z", table["n"]), path)
                yield f"{name}: column of another type", lambda path=path, table=table: pq.write_table(table.set_column(3, "n", table["n"].cast(pa.int32())), path)
                continue
            lines = read_lines(path)
            rows = [parse(line) for line in lines]
            for what, new in [("as it was", rows), *self.changed_rows(rows, lambda value: value)]:
                again = [line if row is old else self.line(row) for line, old, row in zip(lines, rows, new)] if len(new) == len(rows) else [self.line(row) for row in new]
                yield f"{name}: {what}", lambda path=path, again=again: write_lines(path, again)
            at = self.draw.randrange(len(rows))
            for what, old, other in (("a number's digits", b'"n": ', b'"n":  '), ("a key's case", b'"n"', b'"N"'), ("white space", b'{"id"', b'{ "id"')):
                again = [line.replace(old, other, 1) if n == at else line for n, line in enumerate(lines)]
                yield f"{name}: {what}", lambda path=path, again=again: write_lines(path, again)

    @staticmethod
    def line(row):
        """A line as the input's writer and ours make it."""
        tamis = dump(row["tamis"], separators=(",", ":"))
        rest = json.dumps({key: value for key, value in row.items() if key != "tamis"})
        rest = rest.replace(f'"{ESCAPED}', "").replace(f'{ESCAPED}"', "")
        return (rest[:-1] + ',"tamis":' + tamis + "}").encode()

    def changed_rows(self, rows, as_column):
        """Every field of provenance, and what else a row holds."""
        plain = self.draw.choice([n for n, row in enumerate(rows) if row["tamis"]["edit"]["changed"] == 0])
        variant = self.draw.choice([n for n, row in enumerate(rows) if row["tamis"]["edit"]["changed"] > 0])
        for kind, at in (("plain", plain), ("variant", variant)):
            row = rows[at]
            for place, new in changes(row["tamis"]):
                if place and not isinstance(new, dict):
                    new = OF_NULL.get(place[0], new) if new == changed(None) else new
                    new = as_column(row["tamis"]) if place == ("previous",) else new
                    yield f"{kind} row, tamis.{'.'.join(place)}", replaced(rows, at, put(row, ("tamis", *place), new))
            text = row["text"]
            middle = len(text) // 2
            other = text[:middle] + other_char(self.draw, text[middle]) + text[middle + 1 :]
            for what, new in (("a letter", other), ("longer", text + " x"), ("shorter", text[:-1]), ("empty", ""), ("null", None)):
                yield f"{kind} row, text: {what}", replaced(rows, at, put(row, ("text",), new))
            for key in ("id", "topic", "n"):
                yield f"{kind} row, {key}", replaced(rows, at, put(row, (key,), changed(row[key])))
            for name, new in moved(rows, at):
                yield f"{kind} row, {name}", new


def replaced(rows, at, row):
    return [*rows[:at], row, *rows[at + 1 :]]


def moved(rows, at):
    """Rows dropped, doubled, swapped and moved."""
    other = (at + 1) % len(rows)
    swapped = list(rows)
    swapped[at], swapped[other] = rows[other], rows[at]
    yield "dropped", rows[:at] + rows[at + 1 :]
    yield "doubled", [*rows[:at], rows[at], *rows[at:]]
    yield "swapped with the next", swapped
    yield "moved to the end", [*rows[:at], *rows[at + 1 :], rows[at]] if at + 1 < len(rows) else [rows[-1], *rows[:-1]]
    yield "all gone", rows[:0]


def all_found(tamis, folder, seed):
    """Does every change, and undoes it; true if every one was found and nothing else was."""
    victim = Victim(tamis, folder, FORMATS)
    tampers = Tampers(victim, seed)
    before = {file: file.read_bytes() for file in victim.outputs()}
    reseal(victim.run)
    assert before == {file: file.read_bytes() for file in victim.outputs()}, "resealing alone changes nothing"
    groups = (tampers.json_files, tampers.quarantine, tampers.config, tampers.bytes_of_profiles, tampers.files, tampers.scores, tampers.data)
    done, wrong, excused = Counter(), 0, 0
    for name, change in [tamper for group in groups for tamper in group()]:
        change()
        reseal(victim.run)
        after = {file: file.read_bytes() for file in victim.outputs()}
        if after != before:
            code, told = victim.verify(inputs=True)
            wanted = 0 if name.endswith("as it was") else 3
            done[name.split("/")[0].split(":")[0]] += 1
            if code == 0 and wanted and any(re.match(pattern, name) for pattern, _ in UNPROVED):
                excused += 1
            elif code != wanted:
                wrong += 1
                print(f"{name}: exit code {code}, not {wanted}: {told.strip()[:200]}", flush=True)
        for file in after.keys() - before.keys():
            file.unlink()
        for file, data in before.items():
            if after.get(file) != data:
                file.write_bytes(data)
    print(f"{sum(done.values())} tampers, {wrong} not found, {excused} not demanded: {dict(done)}")
    return not wrong
