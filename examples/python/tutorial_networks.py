#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Networks as tutorials of spiking networks have them, from a PyTorch module to trained weights and
back: trained on the simulated accelerator (FP16) and, from the same start weights, in PyTorch (FP32);
the accelerator's weights then classify the same test samples in PyTorch.

    H2VP=build/h2vp PYTHONPATH=python /usr/bin/python3 examples/python/tutorial_networks.py

usage: tutorial_networks.py [mlp] [cnn] [shd] [--samples N] [--tests N] [--epochs N] [--mnist FOLDER]

Images are generated digits unless --mnist names the folder of MNIST's files; the words of `shd` are
generated in the format of the Heidelberg data sets.
"""

import argparse
import os
import pathlib
import sys
import tempfile

import numpy

import h2vp

try:
    import h5py
    import torch
    from torch import nn
except ImportError as missing:
    print(f"{missing}; Debian has python3-torch and python3-h5py")
    sys.exit(77)

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"


def mlp():
    """Pixels into a fully connected network, as in first tutorials on MNIST."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), h2vp.LIF(0.5, 0.5),
                         nn.Linear(128, 10), h2vp.LIF(0.5, 0.5))


def cnn():
    """Convolutions without padding, max pooling of spikes, biases, as in tutorials of convolutional
    networks; max pooling is an extension of the accelerator."""
    return nn.Sequential(nn.Conv2d(1, 12, 5), h2vp.LIF(0.5, 0.5), nn.MaxPool2d(2),
                         nn.Conv2d(12, 32, 5), h2vp.LIF(0.5, 0.5), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(512, 10), h2vp.LIF(0.5, 0.5))


def shd():
    """Spikes of 700 channels, as of the Heidelberg data sets."""
    return nn.Sequential(nn.Flatten(), nn.Linear(700, 128, bias=False), h2vp.LIF(0.9, 1.0),
                         nn.Linear(128, 20, bias=False), h2vp.LIF(0.9, 1.0))


def write_words(folder, part, count, random):
    """Recordings in the format of the Heidelberg data sets: every class has three bands of
    frequency that move in time; speakers differ in pitch and speed."""
    classes = numpy.random.default_rng(20)
    begin, end = classes.uniform(60, 640, (2, 20, 3))
    labels = random.integers(0, 20, count)
    with h5py.File(folder / f"shd_{part}.h5", "w") as file:
        times = file.create_dataset("spikes/times", (count,), h5py.vlen_dtype(numpy.float16))
        units = file.create_dataset("spikes/units", (count,), h5py.vlen_dtype(numpy.uint16))
        for i, label in enumerate(labels):
            length, pitch = random.uniform(0.6, 0.9), random.normal(0, 12)
            at = numpy.sort(random.uniform(0, length, 900))
            band = random.integers(0, 3, len(at))
            share = at / length
            channel = (1 - share) * begin[label, band] + share * end[label, band]
            channel = channel + pitch + random.normal(0, 15, len(at))
            noise = random.random(len(at)) < 0.15
            channel[noise] = random.uniform(0, 700, noise.sum())
            times[i] = at.astype(numpy.float16)
            units[i] = numpy.clip(channel, 0, 699).astype(numpy.uint16)
        file["labels"] = labels.astype(numpy.uint16)


def data_of(name, options, work):
    """(dataset, input shape, timesteps, encoding) of a network."""
    samples = options.samples
    limits = {"train_limit": samples, "test_limit": options.tests}
    if name != "shd":
        kind = {"kind": "mnist", "path": options.mnist} if options.mnist else {"kind": "digits"}
        return {**kind, **limits}, (1, 28, 28), 8, True
    random = numpy.random.default_rng(1)
    for part, count in (("train", samples), ("test", options.tests)):
        write_words(work, part, count, random)
    return {"kind": "shd", "path": str(work), **limits}, (700, 1, 1), 20, False


def outputs(net, samples, steps):
    """Spikes of every output, summed over the timesteps, and those of all neurons."""
    neurons = [m for m in net if type(m).__name__ == "LIF"]
    for neuron in neurons:
        neuron.reset()
    pixels = samples.dim() == 4
    counts, fired = 0, 0.0
    for t in range(steps):
        counts = counts + net(samples.float() / 256 if pixels else samples[:, t].float())
        fired += sum(float(neuron.s.sum()) for neuron in neurons)
    return counts, fired


def train_in_pytorch(net, samples, labels, steps, epochs, batch, rate):
    optimizer = torch.optim.Adam(net.parameters(), rate)
    for _ in range(epochs):
        for rows in torch.randperm(len(samples)).split(batch):
            optimizer.zero_grad()
            counts, _ = outputs(net, samples[rows], steps)
            nn.functional.cross_entropy(counts, labels[rows]).backward()
            optimizer.step()


def classes_of(net, samples, steps):
    with torch.no_grad():
        return outputs(net, samples, steps)[0].argmax(1).numpy()


# Module, gain of its start weights, learning rate: chosen on training samples.
NETWORKS = {"mlp": (mlp, 0.5, 0.001), "cnn": (cnn, 1, 0.002), "shd": (shd, 1, 0.002)}


def run(name, options, work):
    """One network; what the table shows."""
    make, gain, rate = NETWORKS[name]
    dataset, shape, steps, encoding = data_of(name, options, work)
    torch.manual_seed(1)
    net = make()
    for layer in net:
        if hasattr(layer, "weight"):
            nn.init.kaiming_normal_(layer.weight)
            layer.weight.data *= gain
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    batch = 16
    network = h2vp.from_torch(net, torch.rand(1, *shape), steps, encoding=encoding).with_config({
        "include": os.fspath(CONFIGS / "h2learn.yaml"), "dataset": dataset,
        "training": {"sub_batch": batch // 2, "batch_group": 2, "epochs": options.epochs,
                     "optimizer": "adam", "learning_rate": rate, "loss": "cross_entropy",
                     "loss_scale": 1024}})
    data = h2vp.data(network.config, samples=True)
    images = {part: torch.from_numpy(data[f"{part}_samples"]) for part in ("train", "test")}
    wanted = data["test_labels"]

    train_in_pytorch(net, images["train"], torch.from_numpy(data["train_labels"].astype("int64")),
                     steps, options.epochs, batch, rate)
    there = classes_of(net, images["test"], steps)

    trained = h2vp.train(network)
    found = h2vp.infer(network, trained.weights).predictions
    network.to_torch(trained.weights)
    back = classes_of(net, images["test"], steps)
    layers = network.layers
    return {"network": name, "layers": layers if isinstance(layers, str) else "list",
            "test samples": len(wanted), "accelerator, FP16": float((found == wanted).mean()),
            "trained in PyTorch, FP32": float((there == wanted).mean()),
            "accelerator's weights in PyTorch": float((back == wanted).mean()),
            "other classes": int((found != back).sum())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--mnist", default="")
    options = parser.parse_args()
    for name in options.names:
        if name not in NETWORKS:
            sys.exit(f"no network {name}; legal: {', '.join(NETWORKS)}")
    for name in options.names or NETWORKS:
        with tempfile.TemporaryDirectory(prefix="h2vp-") as work:
            row = run(name, options, pathlib.Path(work))
        print("   ".join(f"{key}: {value:.3f}" if isinstance(value, float) else f"{key}: {value}"
                         for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
