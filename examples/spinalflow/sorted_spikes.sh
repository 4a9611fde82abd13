#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A network on H2Learn and on SpinalFlow: trains on generated digits of which every pixel fires once,
# the brighter the earlier, infers with the same weights on both, and looks at the spikes of a layer
# as sorted lists and as bitmaps.
# usage: sorted_spikes.sh [H2VP [FOLDER [SAMPLES]]]
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
h2vp=${1:-$source_dir/build/h2vp} out=${2:-out/sorted_spikes} samples=${3:-4000}
config=$source_dir/configs/quickstart.yaml
spikes=(--set dataset.coding=first_spike --set network.layers=16C3-AP2-32C3-AP2-64FC-10FC
        --set network.pool=before_soma --set network.timesteps=8 --set training.sub_batch=4
        --set training.batch_group=4 --set dataset.test_limit=200)

# Both machines: time, energy, area, bytes, accuracy.
"$h2vp" compare "$config" --accelerators h2learn,spinalflow --out "$out" "${spikes[@]}" \
    --set dataset.train_limit="$samples" --set trace.vcd.enable=false

# SpinalFlow alone, with a waveform, a timeline and the spikes of every layer.
"$h2vp" infer-spikes "$out/spinalflow.yaml" --out "$out/spikes" --weights "$out/training/weights" \
    --write-spikes "$out/maps" "${spikes[@]}" --set dataset.test_limit=8 \
    --set trace.vcd.enable=true --set trace.timeline.enable=true --quiet
"$h2vp" convert "$out/maps/conv2.s.npy" "$out/conv2.spines"
"$h2vp" convert "$out/conv2.spines" "$out/conv2.s.npy" --quiet
cmp "$out/maps/conv2.s.npy" "$out/conv2.s.npy"
"$h2vp" report "$out/spikes"
