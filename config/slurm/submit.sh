#!/usr/bin/env bash
# A whole run on Slurm: profile, then score as an array, then plan, then write as an array, then report.
#
#   config/slurm/submit.sh mix.toml /scratch/mix 64 [options of sbatch for every job, such as --partition=cpu]
#
# The run directory and the inputs must be on a file system that every node sees. Tasks take no locks and send no
# messages: each does its share of the shards, dealt by size. Submit the same again at any time: what is done is
# skipped. To do tasks 3 and 7 of `score` again and nothing else:
#
#   TASKS=64 sbatch --array=3,7 config/slurm/stage.sbatch score /scratch/mix
set -euo pipefail

if [ $# -lt 3 ]; then
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
config=$(realpath "$1") run=$(realpath -m "$2") tasks=$3
shift 3
here=$(dirname "$(realpath "$0")")
mkdir -p "$run/log"

# The number of tasks goes along by name: SLURM_ARRAY_TASK_COUNT would be 2 where only two tasks are done again,
# and the shards would be dealt anew. Without MaxArraySize in its configuration Slurm takes no index above 1000.
submit() {
    sbatch --parsable --export=ALL,TASKS="$tasks" "$@"
}

# `afterok` on an array waits for all its tasks. Without --kill-on-invalid-dep a job whose dependency has failed
# would wait for ever.
after=(--kill-on-invalid-dep=yes)
array=(--array=0-$((tasks - 1)) --output="$run/log/%x-%A-%a.txt")
single=(--output="$run/log/%x-%j.txt")

profile=$(submit "$@" --job-name=tamis-profile "${single[@]}" "$here/stage.sbatch" profile "$config" --out "$run")
score=$(submit "$@" --job-name=tamis-score "${array[@]}" "${after[@]}" --dependency=afterok:"$profile" \
    "$here/stage.sbatch" score "$run")
plan=$(submit "$@" --job-name=tamis-plan "${single[@]}" "${after[@]}" --dependency=afterok:"$score" \
    "$here/stage.sbatch" plan "$run")
write=$(submit "$@" --job-name=tamis-write "${array[@]}" "${after[@]}" --dependency=afterok:"$plan" \
    "$here/stage.sbatch" write "$run")
report=$(submit "$@" --job-name=tamis-report "${single[@]}" "${after[@]}" --dependency=afterok:"$write" \
    "$here/stage.sbatch" report "$run")
echo "profile $profile, score $score, plan $plan, write $write, report $report; what they say is in $run/log"
