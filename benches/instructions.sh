#!/bin/sh
# Prints the instructions that each part of benches/heuristics.rs takes for a byte of text, in user
# code: a figure that a busy machine does not change, so that a regression shows. Needs valgrind.
#
#     [HEURISTICS_TEXTS=FOLDER] benches/instructions.sh [GROUP/PART ..]
#
# Set-up is left out: the figure is the difference of four passes and one, divided by three.
set -eu
cd "$(dirname "$0")/.."
bench=$(cargo bench --bench heuristics --no-run 2>&1 | sed -n 's/.*(\(target.*\))$/\1/p')
[ -n "$bench" ] || { echo "the bench does not build: run cargo bench --bench heuristics --no-run" >&2; exit 1; }
[ $# -gt 0 ] || set -- "en/all heuristics" "ru/all heuristics" "zh/all heuristics" en/classifier \
    ru/classifier zh/classifier en/language en/everything

# Instructions and bytes of PART ($1) in so many passes ($2).
counted() {
    HEURISTICS_PART=$1 HEURISTICS_PASSES=$2 \
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" 2>&1 |
        sed -n 's/.*: \([0-9]*\) bytes.*/bytes \1/p; s/.*Collected : \([0-9]*\).*/instructions \1/p'
}

for part; do
    { counted "$part" 1; counted "$part" 4; } | awk -v part="$part" '
        $1 == "bytes" { bytes = $2 }
        $1 == "instructions" { before = last; last = $2 }
        END { printf "%-28s %8.1f instructions a byte\n", part, (last - before) / 3 / bytes }'
done
