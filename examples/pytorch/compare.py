#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the sub-batches of a golden folder once more with PyTorch autograd in float32 and prints
how far the card's tensors are from it.

    build/h2vp train configs/quickstart.yaml --set numerics=fp32 --golden out/golden \\
        --golden-sub-batches 0,1
    python3 examples/pytorch/compare.py out/golden

Needs PyTorch and NumPy (Debian: python3-torch). Network, neuron, loss and optimizer are those of
the folder's manifest; input, labels and start weights are its files. Under numerics: fp32 the
exit code is 1 when a tensor is further away than rounding explains; under fp16 the distances are
printed only, since a rounded potential may cross a threshold.
"""
import argparse
import json
import pathlib
import sys

try:
    import numpy
    import torch
    import torch.nn.functional as F

    from network import Network
except ImportError as missing:
    print(f"compare.py: {missing}; Debian has python3-torch")
    sys.exit(77)


def loss_of(config, network, potentials, spikes, labels, samples):
    """`samples` of the whole batch group share the loss."""
    if network.readout:
        mean = sum(potentials[-1]) / network.steps
        if config["training"]["loss"] == "cross_entropy":
            return F.cross_entropy(mean, labels.long(), reduction="sum") / samples
        wanted = F.one_hot(labels.long(), mean.shape[1])
        return ((mean - wanted) ** 2).mean(1).sum() / samples
    spikes = spikes[-1]
    counts = sum(spikes)
    if config["training"]["loss"] == "cross_entropy":
        return F.cross_entropy(counts, labels.long(), reduction="sum") / samples
    wanted = F.one_hot(labels.long(), counts.shape[1])
    return ((counts / len(spikes) - wanted) ** 2).mean(1).sum() / samples


class Comparison:
    def __init__(self, folder, number):
        self.folder = folder / str(number)
        self.worst = 0.0

    def load(self, name):
        return torch.from_numpy(numpy.load(self.folder / f"{name}.npy"))

    def show(self, layer, kind, mine):
        """Prints the largest difference beside the largest value; spikes are counted."""
        theirs = self.load(f"{layer}.{kind}").float()
        mine = mine.reshape(theirs.shape)
        if kind == "s":
            wrong = int((mine != theirs).sum())
            print(f"  {layer:6} s       {wrong} of {theirs.numel()} differ")
            self.worst = max(self.worst, float(wrong))
            return
        scale = theirs.abs().max().item() or 1.0
        distance = (mine - theirs).abs().max().item() / scale
        print(f"  {layer:6} {kind:7} {distance:.1e} of the largest, {scale:.3g}")
        self.worst = max(self.worst, distance)


def load_norms(network, comparison, running):
    """gamma and beta of layers with batch norm, and running mean and variance, which `running`
    keeps through a group, by layer index."""
    norms = {}
    for i, layer in enumerate(network.layers):
        if layer.get("batch_norm", "none") == "none":
            continue
        gamma, beta, mean, variance = comparison.load(f"{network.names[i]}.norm").float()
        running.setdefault(i, [mean.clone(), variance.clone()])
        norms[i] = [gamma.clone().requires_grad_(), beta.clone().requires_grad_(), *running[i]]
    return norms


def compare_norms(comparison, network, norms, sums):
    """`sums`: gradients of gamma and beta of the group so far, by layer index, are added to."""
    for i, (gamma, beta, _, _) in norms.items():
        name, currents = network.names[i], network.currents[i]
        theirs = comparison.load(f"{name}.current").shape[1]
        comparison.show(name, "current", torch.stack([c.detach() for c in currents[:theirs]], 1))
        comparison.show(name, "grad_current", torch.stack([c.grad for c in currents], 1))
        sums[i] = sums.get(i, 0) + torch.stack([gamma.grad, beta.grad])
        comparison.show(name, "grad_norm", sums[i])


def compare_pass(config, names, comparison, network, sums, norms):
    """One sub-batch; `sums` is the gradient of its group so far and is added to."""
    weights = [comparison.load(f"{n}.w").float().requires_grad_() for n in names]
    labels = comparison.load(f"{names[0]}.labels")
    training = config["training"]
    potentials, spikes = network.run(weights, comparison.load(f"{names[0]}.input"), norms)
    samples = training["sub_batch"] * training["batch_group"]
    loss = loss_of(config, network, potentials, spikes, labels, samples) * training["loss_scale"]
    loss.backward()
    for i, name in enumerate(names):
        if spikes[i]:
            comparison.show(name, "s", torch.stack(spikes[i], 1))
        added = any(layer.get("adds_potentials") == name for layer in network.layers)
        packed = network.layers[i]["conv"] and not added
        mask = comparison.load(f"{name}.mask") if packed else 1
        u = torch.stack([p.detach() for p in potentials[i]], 1)
        comparison.show(name, "u", u.reshape(comparison.load(f"{name}.u").shape) * mask)
        comparison.show(name, "grad_u", torch.stack([p.grad for p in potentials[i]], 1))
        sums[i] = sums[i] + weights[i].grad
        comparison.show(name, "grad_w", sums[i])
    return weights


def compare_update(config, names, comparison, weights, sums, norms, norm_sums):
    training = config["training"]
    network_weights, weights, sums = weights, list(weights), list(sums)
    for i, (gamma, beta, _, _) in norms.items():
        weights += [gamma, beta]
        sums += list(norm_sums[i])
    if training["optimizer"] == "adam":
        betas = (training["beta1"], training["beta2"])
        step = torch.optim.Adam(weights, training["learning_rate"], betas, training["epsilon"])
    else:
        step = torch.optim.SGD(weights, training["learning_rate"], training["momentum"])
    for weight, gradient in zip(weights, sums):
        weight.grad = gradient / training["loss_scale"]
    step.step()
    for name, weight in zip(names, network_weights):
        comparison.show(name, "w_after", weight.detach())
    for i, norm in norms.items():
        comparison.show(names[i], "norm_after", torch.stack([row.detach() for row in norm]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=pathlib.Path, help="of h2vp train --golden")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    manifest = json.loads((options.folder / "manifest.json").read_text())
    config, names = manifest["config"], manifest["layers"]
    group = config["training"]["batch_group"]
    network, worst, sums, expected = Network(config), 0.0, None, None
    norm_sums, running = {}, {}
    for number in sorted(map(int, manifest["sub_batches"])):
        if number % group == 0:
            sums, norm_sums, running = [0] * len(names), {}, {}
        elif number != expected:
            print(f"sub-batch {number}: skipped, the group's earlier ones are not in the folder")
            continue
        expected = number + 1
        print(f"sub-batch {number}")
        comparison = Comparison(options.folder, number)
        norms = load_norms(network, comparison, running)
        weights = compare_pass(config, names, comparison, network, sums, norms)
        compare_norms(comparison, network, norms, norm_sums)
        # Later updates depend on the optimizer's state, which is not in the folder.
        if number == group - 1 and config["numerics"] == "fp32":
            compare_update(config, names, comparison, weights, sums, norms, norm_sums)
        worst = max(worst, comparison.worst)
    exact = config["numerics"] == "fp32"
    print(f"worst {worst:.1e}" + (f", allowed {options.tolerance:.1e}" if exact else ""))
    return 1 if exact and worst > options.tolerance else 0


if __name__ == "__main__":
    sys.exit(main())
