#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`h2vp.Card`: passes with NumPy and with PyTorch, whose gradients it must have; training; refusals.

usage: card_test.py H2VP SOURCE_DIR  (with the package on PYTHONPATH)
"""

import pathlib
import sys

import numpy

import h2vp

SOURCE = pathlib.Path(sys.argv[2])
STEPS, CLASSES = 4, 4
CONFIG = {
    "include": str(SOURCE / "configs" / "h2learn.yaml"), "numerics": "fp32",
    "network": {"layers": f"6C3(Encoding)-AP2-{CLASSES}FC", "timesteps": STEPS,
                "input": {"channels": 1, "height": 8, "width": 8}},
    "training": {"sub_batch": 8, "optimizer": "sgd", "momentum": 0, "learning_rate": 0.5,
                 "loss_scale": 256, "init_gain": 1.5},
}


def patterns(random, count):
    """A bright line in dark noise: horizontal, vertical, falling or rising."""
    labels = random.integers(0, CLASSES, count)
    pixels = random.integers(0, 64, (count, 1, 8, 8))
    i = numpy.arange(8)
    for picture, label in zip(pixels[:, 0], labels):
        at = int(random.integers(8))
        row, column = [(at, i), (i, at), (i, i + at), (i, at - i)][label]
        picture[row, column % 8 if label > 1 else column] = random.integers(192, 256)
    return pixels.astype(numpy.uint8), labels


def refused(kind, action, part):
    try:
        action()
    except kind as error:
        assert part in str(error), f"{part!r} is not in: {error}"
        return
    raise AssertionError(f"not refused: {part}")


def passes_with_numpy():
    """A step down the gradient of the squared error lowers it."""
    samples, labels = patterns(numpy.random.default_rng(1), 8)
    wanted = numpy.eye(CLASSES)[labels]
    with h2vp.Card(CONFIG) as card:
        losses = []
        for _ in range(12):
            rates = card.forward(samples) / STEPS
            losses.append(((rates - wanted) ** 2).mean())
            card.backward(2 * (rates - wanted) / (rates.size * STEPS))
            card.update()
        assert losses[-1] < 0.7 * losses[0], losses
        assert card.seconds > 0
        weights = card.weights
        assert weights["conv1"].shape == (6, 1, 3, 3) and weights["fc1"].dtype == numpy.float32
        first = card.forward(samples)
        card.load_weights(weights)
        assert numpy.array_equal(card.forward(samples), first)
        assert numpy.array_equal(card.infer(samples), first.argmax(1))
        refused(ValueError, lambda: card.forward(samples[:, :, :4]), "(1, 8, 8)")
        refused(ValueError, lambda: card.forward(samples - 0.5), "whole numbers")
        refused(ValueError, lambda: card.load_weights({"conv1": weights["conv1"]}), "layer fc1")
    refused(ValueError, lambda: h2vp.Card(CONFIG, {"training.loss_scale": "dynamic"}),
            "a power of two")
    refused(h2vp.Error, lambda: h2vp.Card(CONFIG, {"training.sub_batch": 0}), "training.sub_batch")


def has_the_gradients_of_pytorch():
    """In FP32 an update with rate 0.5 moves every weight by half of PyTorch's gradient."""
    import torch
    from torch import nn
    torch.manual_seed(2)
    samples, labels = patterns(numpy.random.default_rng(2), 8)
    net = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1, bias=False), h2vp.LIF(), nn.AvgPool2d(2),
                        nn.Flatten(), nn.Linear(96, CLASSES, bias=False), h2vp.LIF())
    for layer in (net[0], net[4]):
        nn.init.kaiming_normal_(layer.weight)
        layer.weight.data *= 1.5
    network = h2vp.from_torch(net, torch.rand(1, 1, 8, 8), STEPS, encoding=True)
    network = network.with_config({k: v for k, v in CONFIG.items() if k != "network"})
    targets = torch.from_numpy(labels)
    for neuron in (net[1], net[5]):
        neuron.reset()
    counts = sum(net(torch.from_numpy(samples).float() / 256) for _ in range(STEPS))
    nn.functional.cross_entropy(counts, targets).backward()
    with h2vp.Card(network) as card:
        before = card.weights
        outputs = card(samples)
        assert torch.equal(outputs.detach(), counts.detach()), "the same spikes"
        nn.functional.cross_entropy(outputs, targets).backward()
        card.update()
        after = card.weights
        # Two halves of the sub-batch, whose gradients add up.
        card.load_weights(before)
        for part, last in ((slice(0, 3), False), (slice(3, 8), True)):
            loss = nn.functional.cross_entropy(card(samples[part], last), targets[part],
                                               reduction="sum") / 8
            loss.backward()
        card.update()
        halves = card.weights
    for name, layer in (("conv1", net[0]), ("fc1", net[4])):
        gradient = layer.weight.grad.numpy()
        largest = numpy.abs(gradient).max()
        assert largest > 1e-3, "a gradient of zeros proves nothing"
        for found in (after, halves):
            mine = (before[name] - found[name]) / 0.5
            assert numpy.abs(mine - gradient).max() < 1e-4 * largest, (name, mine, gradient)


def main():
    tests = [passes_with_numpy, has_the_gradients_of_pytorch]
    try:
        import torch  # noqa: F401
    except ImportError:
        print("       PyTorch is not installed: its gradients are not compared")
        tests.pop()
    for test in tests:
        test()
        print("ok    ", test.__name__, flush=True)


if __name__ == "__main__":
    main()
