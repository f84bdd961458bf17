"""A table of interchange: what others write, read by tamis, and what tamis writes, read back by them.

Usage: python interchange.py TAMIS [--fast] [--only PART-OF-A-NAME] [--keep FOLDER]

Each case is one or more shards written by pyarrow, the zstd program, gzip, pigz or Python's json, beside an ordinary one.
`tamis run` makes a mix of it that takes everything, and one with edited variants. Then the readers of open_outputs.py
hold each output against its input, every row must be there once or be quarantined for the reason that the case
names, with the raw bytes of its line, and `tamis verify --inputs` must find nothing. `--fast` leaves out the first mix. A case that must be refused tells the exit
code and what the message or report names. Prints one line a case; ends with 1 if one differs. Needs pyarrow, zstd, gzip.
"""

import argparse
import base64
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cases_jsonl
import cases_parquet
from cases import texts
from open_outputs import compare_shard, lines_of, shards_of

MIXES = {"all": "human = 100", "edited": "human = 55\nsemi_synthetic = 45"}


def companion(folder, text):
    """An ordinary shard beside, so that every case has something to draw and to edit."""
    paths = [text] if isinstance(text, str) else text
    rows = []
    for value in texts(80, seed=2):
        row = {}
        for path in paths:
            row = merged(row, nested(path.replace("[]", ".[]").split("."), value))
        rows.append(json.dumps(row))
    (folder / "ordinary.jsonl").write_text("\n".join(rows) + "\n")


def nested(path, value):
    """The value as a record in which `path` leads to it."""
    for key in reversed(path):
        value = [value] if key == "[]" else {key: value}
    return value


def merged(one, other):
    return {**one, **other}


class Run:
    """One case under one mix."""

    def __init__(self, tamis, case, mix, folder):
        self.tamis, self.case, self.mix = tamis, case, mix
        self.folder, self.out = folder, folder / mix
        self.rows = 0

    def tamis_run(self):
        config = self.folder / f"{self.mix}.toml"
        limits = self.case.config or "[limits]"
        config.write_text(
            f"out = {json.dumps(str(self.out))}\n[mix]\n{MIXES[self.mix]}\n{limits}\nquarantine = 1.0\n"
            f'[[source]]\nname = "human"\npaths = ["in"]\norigin = "human"\ntext = {json.dumps(self.case.text)}\n'
        )
        return self.call("run", str(config))

    def call(self, *arguments):
        return subprocess.run([self.tamis, *arguments, "--quiet"], capture_output=True, text=True, errors="replace")

    def differences(self):
        """What is not as it must be; nothing if all is."""
        done = self.tamis_run()
        report = self.out / "report.json"
        told = done.stderr + (report.read_text() if report.exists() else "") + self.failures()
        if done.returncode != self.case.code:
            return [f"exit code {done.returncode}, not {self.case.code}: {done.stderr.strip()[-300:]}"]
        if self.case.says not in told:
            return [f"nothing says {self.case.says}: {told.strip()[-300:]}"]
        if done.returncode:
            return []
        found = [*self.compare(), *self.count()]
        verified = self.call("verify", "--inputs", str(self.out))
        if verified.returncode:
            found.append(f"verify: {verified.stdout.strip()[:300]}{verified.stderr.strip()[:300]}")
        return found

    def failures(self):
        """The records of shards that failed, as one text."""
        records = (self.out / "manifest").rglob("*.json")
        return "".join(text for text in map(Path.read_text, records) if '"failure"' in text)

    def compare(self):
        """Every output against its input."""
        edited = set()
        paths = [self.case.text] if isinstance(self.case.text, str) else self.case.text
        for _, shard, before, after in shards_of(self.out):
            rows, differences = compare_shard(before, after, paths, self.case.prepare)
            yield from (f"{shard}: {difference}" for difference in differences)
            yield from self.check_rows(shard, before, rows)
            self.rows += len(rows)
            edited.update(*(row.get("edited paths", []) for row in rows))
        if edited != (set(paths) if self.mix == "edited" else set()):
            yield f"texts were edited at {sorted(edited)}"

    def check_rows(self, shard, before, rows):
        """Every row once and in order, but for the quarantined, whose record holds their bytes."""
        record = self.out / "quarantine" / "human" / f"{shard}.jsonl"
        bad = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
        if before.suffix != ".parquet":
            lines = lines_of(before)
            for entry in bad:
                if lines[entry["row"]].rstrip(b"\r\n") != base64.b64decode(entry["raw"]):
                    yield f"{shard}: row {entry['row']} is quarantined with other bytes than its own"
        report = json.loads((self.out / "manifest" / "write" / "human" / f"{shard}.json").read_text())["rows"]
        places = {entry["row"] for entry in bad}
        wanted = [row for row in range(report["read"]) if row not in places]
        found = [row["row"] for row in rows]
        # Shares that documents do not fill to the byte leave one or two out of a mix of two parts.
        left_out = report["dropped"] if self.mix == "edited" else 0
        if found != sorted(set(found) & set(wanted)) or len(found) != len(wanted) - left_out or left_out > 2:
            yield f"{shard}: {len(rows)} rows were written, not {len(wanted)} in their order"

    def count(self):
        """Bad rows by reason, and the row law."""
        report = json.loads((self.out / "report.json").read_text())
        reasons, rows = report["reasons"], report["rows"]
        dropped = reasons.pop("not_drawn", 0)
        if reasons != self.case.bad:
            yield f"reasons {reasons}, not {self.case.bad}"
        bad = sum(self.case.bad.values())
        wanted = {"read": self.rows + dropped + bad, "kept": self.rows, "dropped": dropped, "quarantined": bad, "written": self.rows}
        if rows != wanted:
            yield f"rows {rows}, not {wanted}"


def make(case, folder):
    """Writes the shards of a case."""
    folder.mkdir(parents=True)
    for name, write in case.shards.items():
        write(folder / name)
    companion(folder, case.text)


def case_mixes(case, fast):
    """A mix with variants has rows as they were too, so it alone tells most."""
    if case.plain:
        return ["all"]
    return ["edited"] if fast else list(MIXES)


def try_case(tamis, case, folder, fast):
    """The case's line in the table, and whether it holds."""
    rows, found = 0, []
    try:
        make(case, folder / "in")
        for mix in case_mixes(case, fast):
            run = Run(tamis, case, mix, folder)
            found += [f"{mix}: {difference}" for difference in run.differences()]
            rows = rows or run.rows
    except Exception as error:  # a reader or writer that fails is a difference like any other
        found.append(f"{type(error).__name__}: {str(error)[:300]}")
    what = f"refused with {case.code}" if case.code else f"{rows:5} rows"
    line = f"{folder.name} {case.name:56} {what:14} {'ok' if not found else ''}"
    return "\n    ".join([line, *found[:4]]), not found


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("tamis")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    tamis = str(Path(arguments.tamis).resolve())
    chosen = [
        case
        for case in [*cases_jsonl.cases(), *cases_parquet.cases()]
        if arguments.only in case.name and not (arguments.fast and case.slow)
    ]
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(2) as pool:
        folders = [Path(arguments.keep or work) / f"{n:03}" for n in range(len(chosen))]
        results = pool.map(lambda pair: try_case(tamis, *pair, arguments.fast), zip(chosen, folders))
        held = []
        for line, holds in results:
            print(line, flush=True)
            held.append(holds)
    print(f"{sum(held)} of {len(held)} cases hold")
    return 0 if all(held) and held else 1


if __name__ == "__main__":
    sys.exit(main())
