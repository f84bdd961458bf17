#!/usr/bin/env bash
# The speed of `write` beside the programs that only copy: for JSONL `zstd -dc | zstd -3 --check`, for Parquet
# pyarrow's read and write, each with the same level and threads, interleaved.
#
# Usage: benches/write.sh TAMIS FOLDER [MB] [RUNS] [THREADS]
#   TAMIS    the binary, such as target/release/tamis
#   FOLDER   text: .jsonl.zst and .parquet shards; each format that is there is measured
#   MB       raw megabytes (10^6 bytes) to make of them by repeating, 500 unless told otherwise
#   RUNS     how often, 3 unless told otherwise
#   THREADS  2 unless told otherwise
#
# PYTHON names a Python with pyarrow, TMPDIR where the copies go. Everything is written once as 8 shards and once
# as one. Prints seconds of wall and of CPU for both, and the ratio of throughputs (above 1 is faster than the
# program). `write` also makes its files durable and reads them back, which the programs do not.
set -euo pipefail

if [ $# -lt 2 ]; then
    sed -n '2,16s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
tamis=$(realpath "$1")
folder=$(realpath "$2")
mb=${3:-500}
runs=${4:-3}
threads=${5:-2}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Parquet: one.parquet and many/N.parquet in the folder $1, repeated to $mb megabytes of Arrow buffers.
make_parquet() {
    "$python" - "$folder" "$1" "$mb" <<'PY'
import glob, os, sys
import pyarrow as pa, pyarrow.parquet as pq
folder, out, mb = sys.argv[1], sys.argv[2], int(sys.argv[3])
tables = [pq.read_table(path) for path in sorted(glob.glob(folder + "/**/*.parquet", recursive=True))]
table = pa.concat_tables([t.select(tables[0].column_names) for t in tables])
table = pa.concat_tables([table] * -(-mb * 10**6 // table.nbytes))
rows = -(-table.num_rows // 8)
for name, parts in (("one", [table]), ("many", [table.slice(i * rows, rows) for i in range(8)])):
    os.makedirs(f"{out}/{name}")
    for i, part in enumerate(parts):
        pq.write_table(part, f"{out}/{name}/{i}.parquet", compression="zstd", compression_level=3)
PY
}

copy_parquet() {
    "$python" - "$1" "$threads" <<'PY'
import glob, sys
import pyarrow as pa, pyarrow.parquet as pq
pa.set_cpu_count(int(sys.argv[2]))
for path in sorted(glob.glob(sys.argv[1] + "/*.parquet")):
    pq.write_table(pq.read_table(path), sys.argv[1] + ".out", compression="zstd", compression_level=3)
PY
}

# JSONL: the lines of all shards, repeated; in 8 files cut at line ends, and in one.
make_jsonl() {
    mkdir -p "$1/one" "$1/many"
    find "$folder" -name '*.jsonl.zst' | sort | xargs zstd -q -dc >"$work/lines"
    local bytes
    bytes=$(stat -c %s "$work/lines")
    for ((i = 0; i * bytes < mb * 1000000; i++)); do cat "$work/lines"; done >"$work/all"
    zstd -q -3 -T0 --check -o "$1/one/0.jsonl.zst" "$work/all"
    split -n l/8 -d -a 1 --additional-suffix=.jsonl "$work/all" "$1/many/"
    zstd -q -3 -T0 --check --rm "$1"/many/*.jsonl
    rm "$work/lines" "$work/all"
}

copy_jsonl() {
    zstd -q -dc "$1"/*.zst | zstd -q -3 "-T$threads" --check >"$1.out"
}

# Runs a command; prints its seconds of wall and of CPU.
seconds() {
    local TIMEFORMAT='%3R %3U %3S'
    { time "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; } 2>&1 | awk '{ printf "%.2f %.2f", $1, $2 + $3 }'
}

write() {
    "$tamis" write --quiet --threads "$threads" "$work/config.toml"
}

measure() {
    local format=$1 shards=$2 input=$work/$1/$2
    printf 'out = "%s"\n[mix]\nhuman = 100\n[score]\nlanguage = false\n[[source]]\nname = "all"\npaths = ["%s"]\norigin = "human"\n' \
        "$work/run" "$input" >"$work/config.toml"
    for stage in profile score plan; do "$tamis" $stage --quiet "$work/config.toml"; done
    for ((run = 0; run < runs; run++)); do
        rm -rf "$work/run/data" "$work/run/manifest/write"
        echo "$format $shards $(seconds write) $(seconds "copy_$format" "$input")" |
            awk '{ printf "%-8s %-5s tamis %6.2f s (%6.2f CPU)   program %6.2f s (%6.2f CPU)   ratio %.2f (%.2f CPU)\n", $1, $2, $3, $4, $5, $6, $5 / $3, $6 / $4 }'
        rm -f "$input.out"
    done
    rm -rf "$work/run"
}

for format in jsonl parquet; do
    suffix=${format/jsonl/jsonl.zst}
    [ -n "$(find "$folder" -name "*.$suffix" -print -quit)" ] || continue
    "make_$format" "$work/$format"
    for shards in many one; do measure $format $shards; done
    rm -rf "${work:?}/$format"
done
