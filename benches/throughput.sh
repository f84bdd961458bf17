#!/usr/bin/env bash
# Megabytes of text a CPU-second, and nanoseconds a byte: `score` with languages identified, declared and unknown, and `write`.
#
# Usage: benches/throughput.sh TAMIS MB SHARD [SHARD ...]
#   TAMIS   the binary, such as target/release/tamis
#   MB      how much text to score, in megabytes (10^6 bytes); the shards are copied until there is so much
#
# CPU time is user + system over all threads; work of others on the same cores and caches still makes it longer. For one
# core run it under `taskset -c 1`. The size of the text is what the score rows count. `write` takes every document as it
# is, into the formats of the shards.
set -euo pipefail

if [ $# -lt 3 ]; then
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
tamis=$(realpath "$1")
wished=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/once" "$work/many"
n=0
for shard in "$@"; do
    cp "$shard" "$work/once/$n-$(basename "$shard")"
    n=$((n + 1))
done

# Runs a command; prints the CPU-seconds that it took.
cpu_seconds() {
    local TIMEFORMAT='%3U %3S'
    { time "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; exit 1; }; } 2>&1 | awk '{ printf "%.3f", $1 + $2 }'
}

# Bytes of text in a run, by the tallies of its write records (each has `words`, then `bytes`).
text_bytes() {
    find "$1/manifest/write" -type f -exec cat {} + |
        awk '/"words"/ { tally = 1 } /"bytes"/ && tally { gsub(/[^0-9]/, ""); sum += $0; tally = 0 } END { print sum }'
}

show() {
    awk -v name="$1" -v bytes="$2" -v seconds="$3" 'BEGIN { printf "%-24s %8.1f MB %8.2f CPU-s %8.1f MB/CPU-s %6.1f ns a byte\n", name, bytes / 1e6, seconds, bytes / 1e6 / seconds, seconds * 1e9 / bytes }'
}

everything() {
    "$tamis" "$1" --quiet "$work/config.toml"
}

config() {
    cat >"$work/config.toml" <<TOML
out = "$work/run"
[mix]
human = 1
[score]
language = false
[[source]]
name = "all"
paths = ["$1"]
origin = "human"
TOML
}

config "$work/once"
for stage in profile score plan write; do everything $stage; done
one=$(text_bytes "$work/run")
rm -rf "$work/run"
copies=$(((wished * 1000000 + one - 1) / one))
for ((i = 0; i < copies; i++)); do
    for shard in "$work"/once/*; do cp "$shard" "$work/many/$i-$(basename "$shard")"; done
done
bytes=$((one * copies))

show "score" $bytes "$(cpu_seconds "$tamis" score --loose "$work/many" --out "$work/scores.parquet")"
show "score --lang en" $bytes "$(cpu_seconds "$tamis" score --loose "$work/many" --out "$work/scores.parquet" --lang en)"
show "score --no-language" $bytes "$(cpu_seconds "$tamis" score --loose "$work/many" --out "$work/scores.parquet" --no-language)"
config "$work/many"
for stage in profile score plan; do everything $stage; done
show "write" $bytes "$(cpu_seconds everything write)"
