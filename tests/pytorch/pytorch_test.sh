#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Holds training under numerics: fp32 against PyTorch autograd: pytorch_test.sh BUILD SOURCE
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for python in python3 /usr/bin/python3; do
  if "$python" -c 'import torch, numpy' 2> /dev/null; then break; fi
  python=
done
if [ -z "$python" ]; then
  echo "skipped: no PyTorch (Debian: python3-torch)"
  exit 77
fi

# run FOLDER OPTION...: the first group of two sub-batches as golden tensors
run() {
  local folder=$1
  shift
  "$build/h2vp" train "$source/configs/quickstart.yaml" --quiet --out "$work/out" \
    --set trace.probe.enable=true --set numerics=fp32 --set dataset.train_limit=16 \
    --set dataset.test_limit=8 \
    --golden "$work/$folder" --golden-sub-batches 0,1 "$@" > /dev/null
}
compare() { "$python" "$source/examples/pytorch/compare.py" "$work/$1"; }

run adam
compare adam
run sgd --set training.optimizer=sgd --set training.loss=cross_entropy \
  --set network.pool=before_soma --set 'network.layers=8C5S2(Encoding)-AP2-8C3-AP2-32FC-10FC'
compare sgd
run bias --set 'network.layers=[{type: conv, channels: 8, encoding: true, bias: true}, {type: pool},
  {type: conv, channels: 8, bias: true, padding: valid}, {type: pool}, {type: fc, neurons: 24, bias: true},
  {type: fc, neurons: 10, bias: true}]'
compare bias
run extensions --set machine.extensions=true --set training.loss=cross_entropy --set 'network.layers=[
  {type: conv, channels: 8, encoding: true, reset: soft, surrogate: triangle}, {type: pool, kind: max},
  {type: conv, channels: 8, reset: soft_after_decay, surrogate: atan, th_l: -0.5, th_r: 1.5},
  {type: pool, kind: max}, {type: fc, neurons: 24, bias: true, surrogate: fast_sigmoid},
  {type: fc, neurons: 24, adds: fc1},
  {type: fc, neurons: 10, bias: true, readout: true, alpha: 0.5}]'
compare extensions
run shortcuts --set machine.extensions=true --set network.timesteps=4 --set 'network.layers=[
  {type: conv, channels: 8, stride: 2, encoding: true}, {type: conv, channels: 8, adds: conv1},
  {type: conv, channels: 8, adds: conv1}, {type: conv, channels: 8, adds: conv2}, {type: pool},
  {type: fc, neurons: 24}, {type: fc, neurons: 24, adds: fc1}, {type: fc, neurons: 24, adds: fc1},
  {type: fc, neurons: 10}]'
compare shortcuts
run potentials --set machine.extensions=true --set training.loss=cross_entropy --set 'network.layers=[
  {type: conv, channels: 8, stride: 2, encoding: true}, {type: conv, channels: 8, adds_potentials: conv1},
  {type: conv, channels: 8, adds_potentials: conv1}, {type: conv, channels: 8, adds: conv1}, {type: pool},
  {type: fc, neurons: 24}, {type: fc, neurons: 24, adds_potentials: fc1},
  {type: fc, neurons: 10}, {type: fc, neurons: 10, readout: true, alpha: 0.5, adds_potentials: fc3}]'
compare potentials
run batch_norm --set machine.extensions=true --set training.optimizer=sgd --set 'network.layers=[
  {type: conv, channels: 8, encoding: true, batch_norm: tdbn}, {type: pool, kind: max},
  {type: conv, channels: 16, batch_norm: tdbn, th_f: 0.4},
  {type: conv, channels: 16, batch_norm: tdbn_branch, adds: conv2},
  {type: conv, channels: 16, batch_norm: tdbn_branch, adds_potentials: conv2}, {type: pool},
  {type: fc, neurons: 24, batch_norm: tdbn}, {type: fc, neurons: 10}]'
compare batch_norm

# A wrong weight gradient must not pass.
cp "$work/adam/1/conv1.grad_w.npy" "$work/adam/0/conv1.grad_w.npy"
if compare adam > "$work/log"; then
  cat "$work/log"
  echo "a wrong gradient was accepted"
  exit 1
fi
