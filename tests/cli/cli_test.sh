#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The command line as a user meets it: cli_test.sh PATH_TO_H2VP SOURCE_DIR
set -u
h2vp=$1
source_dir=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
small=(--set dataset.train_limit=16 --set dataset.test_limit=8 --set training.epochs=1)
# shellcheck source=tests/expect.sh
. "$source_dir/tests/expect.sh"
quick=$(probed "$source_dir/configs/quickstart.yaml")
machine=$(probed "$source_dir/configs/h2learn.yaml")

expect version 0 "h2vp " "$h2vp" --version
expect help 0 "Exit code" "$h2vp" --help
expect completion 0 "complete -F _h2vp h2vp" "$h2vp" --bash-completion
expect no-command 2 "no command" "$h2vp"
expect unknown-command 2 "legal: train" "$h2vp" dance x.yaml
expect unknown-option 2 "--dance" "$h2vp" train "$quick" --dance
expect no-config 2 "no configuration file" "$h2vp" train
expect extra-argument 2 "unexpected argument" "$h2vp" train "$quick" more.yaml
expect missing-config 2 "nowhere.yaml" "$h2vp" train nowhere.yaml
expect bad-set 2 "key.path=value" "$h2vp" config "$quick" --set nonsense
expect unknown-key 2 "clock_mhz" "$h2vp" config "$quick" --set clock_mhs=1
expect golden-sub-batch 2 "legal: 0..624" \
  "$h2vp" train "$quick" --golden golden --golden-sub-batches 700 --out refused --quiet
expect golden-tiles 2 "needs --golden-units" \
  "$h2vp" train "$quick" --golden golden --golden-tiles 1 --out refused --quiet
expect golden-unit 2 "legal: conv1 conv2" \
  "$h2vp" train "$quick" --golden golden --golden-units conv9 --out refused --quiet
expect bad-isa 2 "legal on this machine: plain" env H2_ISA=mmx "$h2vp" train "$quick"
expect bad-threads 2 "1 to 256" "$h2vp" train "$quick" --threads 0

printf 'clock_mhz: 800\nengines:\n  forward:\n    rows: -3\n' > bad.yaml
expect position 2 "bad.yaml:4:11: engines.forward.rows" "$h2vp" config bad.yaml

expect config 0 "clock_mhz: 800" "$h2vp" config "$quick"
"$h2vp" config "$quick" > again.yaml
expect config-loads-again 0 "clock_mhz: 800" "$h2vp" config again.yaml
expect schema 0 "json-schema.org" "$h2vp" config --schema
expect regs 0 "RING_TAIL" "$h2vp" regs
expect regs-markdown 0 "| offset" "$h2vp" regs --markdown
expect systemrdl 0 "addrmap h2learn" "$h2vp" regs --systemrdl
expect regs-of-a-card 0 "0x00100004" "$h2vp" regs "$quick" --set tile.height=4 --set tile.width=16
expect regs-two-forms 2 "--svd and --ipxact exclude each other" "$h2vp" regs --ipxact --svd
expect regs-set-alone 2 "--set needs a configuration file" "$h2vp" regs --set tile.height=4
expect dry-run 0 "Address map" "$h2vp" train "$quick" --dry-run
expect dry-run-passes 0 "array weight_update" "$h2vp" profile \
  "$source_dir/configs/sata_quickstart.yaml" --dry-run
expect does-not-fit 2 "forward" "$h2vp" train "$quick" --dry-run --set network.timesteps=40

expect train 0 "wrote result/summary.json" "$h2vp" train "$quick" "${small[@]}" --out result
expect quiet 0 "" "$h2vp" train "$quick" "${small[@]}" --out silent --quiet
if ! [ -s silent/summary.json ] || ! [ -s silent/trace.vcd ]; then
  echo "FAILED files: summary.json or trace.vcd is missing"
  failed=$((failed + 1))
fi
"$h2vp" train "$quick" "${small[@]}" --set training.epochs=2 --set trace.vcd.enable=false \
  --out progress > progress.txt
expect progress 0 "agrees" python3 -c "
import json, re
lines = open('progress.txt').read().splitlines()
told = [l for l in lines if l.startswith('train ')][-1]
result = json.load(open('progress/summary.json'))['result']
last = result['epochs'][-1]
found = re.fullmatch(r'train +epoch 2/2 sub-batch (\d+)/(\d+) +loss ([\d.]+) +accuracy ([\d.]+) % '
                     r'+simulated [\d.]+ ms +ETA \d+ s', told)
assert found and found[1] == found[2], told
assert abs(float(found[3]) - last['loss']) < 6e-5, (told, last)
assert abs(float(found[4]) - 100 * last['train_accuracy']) < 0.06, (told, last)
test = [l for l in lines if l.startswith('test ')][-1]
assert re.fullmatch(r'test +sub-batch (\d+)/\\1 +simulated [\d.]+ ms +ETA 0 s', test), test
print('agrees')"
expect wall 0 "adds up" python3 -c "
import json
wall = json.load(open('result/summary.json'))['wall']
parts = [wall[name + '_seconds'] for name in ('input', 'kernel', 'platform')]
assert min(parts) > 0 and abs(sum(parts) - wall['processor_seconds']) < 1e-6, wall
print('adds up')"
expect default-out 0 "out/quickstart/summary.json" "$h2vp" train "$quick" "${small[@]}"
expect not-trainable 2 "network.layers" "$h2vp" train "$quick" \
  --set network.layers='16C3(Encoding)-16C3'
expect missing-data 2 "no/such/folder" "$h2vp" train "$quick" --set dataset.kind=mnist \
  --set dataset.path=no/such/folder
expect profile 0 "cycles per sub-batch" "$h2vp" profile "$quick" --set profile.sub_batches=2
expect probes 0 "cycles per sub-batch" "$h2vp" profile "$quick" --set profile.sub_batches=2 \
  --set trace.probe.timeline=true --set trace.timeline.enable=true \
  --set trace.probe.sockets=top.mem1 --out probed
expect probe-counts 0 "probe.mem1.socket.latency_p99_ns" cat probed/stats.json
expect probe-rules 0 "0 rules broken" python3 "$source_dir/tests/traces/timeline_rules.py" \
  probed/timeline.json
expect probe-slices 0 "top.mem1.socket.0" cat probed/timeline.json
expect probe-nowhere 2 "matches no socket; legal: top.host.bus" "$h2vp" profile "$quick" \
  --set trace.probe.sockets=top.mem9
expect probes-off 0 "cycles per sub-batch" "$h2vp" profile "$quick" --set profile.sub_batches=2 \
  --set trace.probe.enable=false --out unprobed
expect probes-off-count-nothing 1 "" grep -q '"probe' unprobed/stats.json
expect probes-count 0 "" grep -q '"probe' result/stats.json
expect verbose 0 "us top.controller: tag 1: forward of sub-batch 0 taken" "$h2vp" profile "$quick" \
  --set profile.sub_batches=2 -v top.controller -v 'top.*=phases'
expect verbose-tiles 0 "top.forward: conv1 chunk 0: compute" "$h2vp" train "$quick" "${small[@]}" \
  -v top.forward=tiles
expect verbose-nowhere 2 "-v top.fwd: matches no module; legal: top.host" "$h2vp" train "$quick" \
  "${small[@]}" -v top.fwd
expect verbose-level 2 "legal levels: phases, tiles, bursts" "$h2vp" train "$quick" -v top=beats
expect verbose-elsewhere 2 "-v" "$h2vp" config "$quick" -v top
for command in profile "profile --dry-run"; do
  # shellcheck disable=SC2086  # a command with its option
  expect "${command// /}-wide" 2 "glb.forward.bytes: layer conv1 needs" "$h2vp" $command "$quick" \
    --set network.pool=before_soma --set network.input.width=2048 \
    --set dataset.kind=npy --set dataset.path=not-read
done
for command in train profile "train --dry-run" "profile --dry-run"; do
  # shellcheck disable=SC2086
  expect "${command// /}-buffer" 2 "glb.forward.bytes: layer conv1 needs" "$h2vp" $command "$quick" \
    --set glb.forward.bytes=2048
done
expect profile-needs-network 2 "network.layers" "$h2vp" profile "$machine"
expect traffic 0 "bandwidth_gbps" "$h2vp" traffic "$machine" --pattern seq_rd --queue-depth 64 \
  --requests 2000
expect traffic-idle 0 '"hit": 17' "$h2vp" traffic "$machine" --idle-latency
expect traffic-unified 0 '"peak_gbps": 384.0' "$h2vp" traffic "$machine" --pattern seq_wr \
  --requests 2000 --set memory.organisation=unified
expect traffic-which 2 "memory.organisation is unified" "$h2vp" traffic "$machine" --memory mem1 \
  --set memory.organisation=unified
expect traffic-pattern 2 "rand_rd" "$h2vp" traffic "$machine" --pattern zigzag
expect diverged 1 "in layer fc2 at timestep 2" "$h2vp" train "$quick" "${small[@]}" \
  --set training.loss_scale=16777216 --set training.learning_rate=1000

# A network that cannot learn says so: before a training, early in it, and in its results.
expect check 0 "none: every layer fires" "$h2vp" check "$quick"
expect check-time 0 "an epoch of 625 sub-batches: at least" "$h2vp" check "$quick"
expect check-gain 0 "conv1 hardly fires: training.init_gain 1.131" "$h2vp" check "$quick" \
  --set training.init_gain=0.2
expect check-threshold 0 "change neuron.th_f or the network" "$h2vp" check "$quick" \
  --set neuron.th_f=60000
expect check-buffer 2 "glb.forward.bytes: layer conv1 needs" "$h2vp" check "$quick" \
  --set glb.forward.bytes=2048
expect check-needs-network 2 "no network given" "$h2vp" check "$machine"
expect dead-early 0 "after 10 batch groups no layer fires" "$h2vp" train "$quick" --quiet --out dead \
  --set neuron.th_f=60000 --set dataset.train_limit=720 --set dataset.test_limit=8
expect dead-summary 0 '"kind": "learning"' cat dead/summary.json
expect dead-report-made 0 "" "$h2vp" report dead
expect dead-report 0 "no layer fires: raise training.init_gain" cat dead/report.html

# What is beyond the paper's hardware is said, and a bias has a file of its own.
other=$(probed "$source_dir/configs/other_neurons.yaml")
"$h2vp" train "$other" "${small[@]}" --out extended --quiet 2> extended.txt
expect extension 0 "extension: fc2 has a read-out of potentials" cat extended.txt
expect extension-in-summary 0 '"kind": "extension"' cat extended/summary.json
expect extension-refused 2 "machine.extensions: false; legal: true with a soft reset (conv1)" \
  "$h2vp" train "$other" --set machine.extensions=false --out refused --quiet
expect bias-file 0 "16,), }" head -c 128 extended/weights/conv1.b.npy
expect infer-with-bias 0 "wrote read/summary.json" "$h2vp" infer "$other" "${small[@]}" \
  --weights extended/weights --out read
expect same-bias 0 "" cmp extended/weights/fc2.b.npy read/weights/fc2.b.npy
expect bias-learns 1 "differ" cmp extended/weights/fc2.b.npy <(head -c 128 \
  extended/weights/fc2.b.npy && head -c 20 /dev/zero)

# The first SIGINT ends the run in good order, with every output.
"$h2vp" train "$quick" --out stopped --quiet --set trace.timeline.enable=true 2> stopped.txt &
pid=$!
until [ -e stopped/trace.vcd.partial ]; do sleep 0.1; done
sleep 1
kill -INT $pid
wait $pid
code=$?
expect interrupted 0 "" test "$code" -eq 1
expect interrupted-says-so 0 "interrupted; results are those of" cat stopped.txt
expect interrupted-outputs 0 '"interrupted": true' cat stopped/summary.json
expect interrupted-timeline 0 "0 rules broken" python3 \
  "$source_dir/tests/traces/timeline_rules.py" stopped/timeline.json
for file in summary.json stats.json; do
  expect "interrupted-$file" 0 "" python3 -m json.tool "stopped/$file" /dev/null
done

echo "$failed failed"
[ "$failed" -eq 0 ]
