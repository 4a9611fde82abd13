#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""from_torch: networks, folded factors, refusals; and what the accelerator computes against PyTorch.

usage: torch_test.py H2VP SOURCE_DIR  (with the package on PYTHONPATH)
"""

import pathlib
import sys

import numpy

import h2vp

try:
    import torch
    from torch import nn
except ImportError:
    print("PyTorch is not installed")
    sys.exit(77)

SOURCE = pathlib.Path(sys.argv[2])
MACHINE = {"include": str(SOURCE / "configs" / "h2learn.yaml"), "numerics": "fp32"}


def named(name, **attributes):
    """A neuron of another framework, by its class's name and attributes."""
    class Neuron(nn.Module):
        def forward(self, current):
            return (current > 0.1).float()
    Neuron.__name__ = name
    neuron = Neuron()
    for key, value in attributes.items():
        setattr(neuron, key, value)
    return neuron


def leaky(beta=0.9, **others):
    return named("Leaky", beta=torch.tensor(beta), threshold=torch.tensor(1.0),
                 **{"reset_mechanism": "zero", **others})


def refused(module, example, *parts, **options):
    try:
        h2vp.from_torch(module, example, 4, **options)
    except h2vp.Unsupported as error:
        for part in parts:
            assert part in str(error), f"{part!r} is not in: {error}"
        return
    raise AssertionError(f"not refused: {parts}")


def conv(cin, cout, **options):
    return nn.Conv2d(cin, cout, 3, **{"padding": 1, "bias": False, **options})


def reads_frameworks():
    network = h2vp.from_torch(
        nn.Sequential(conv(2, 4), leaky(), nn.AvgPool2d(2), conv(4, 6, stride=2), leaky(),
                      nn.Flatten(), nn.Dropout(), nn.Linear(24, 5, bias=False), leaky()).eval(),
        torch.rand(1, 2, 8, 8), 7)
    assert network.layers == "4C3-AP2-6C3S2-5FC", network.layers
    assert network.config["neuron"] == {"alpha": 0.9, "th_f": 1.0, "th_l": 0.5, "th_r": 1.5}
    assert network.config["network"]["timesteps"] == 7
    assert sorted(network.weights) == ["conv1", "conv2", "fc1"]
    node = named("LIFNode", tau=2.0, v_threshold=1.0, v_reset=0.0, decay_input=True)
    linear = nn.Linear(6, 5, bias=False)
    network = h2vp.from_torch(nn.Sequential(linear, node), torch.rand(1, 6), 3)
    assert network.config["neuron"]["alpha"] == 0.5
    assert numpy.array_equal(network.weights["fc1"], linear.weight.detach().numpy() / 2)
    parameters = type("P", (), dict(tau_mem_inv=torch.tensor(100.0), v_th=torch.tensor(1.0),
                                    v_leak=torch.tensor(0.0), v_reset=torch.tensor(0.0)))()
    box = named("LIFBoxCell", p=parameters, dt=0.001)
    network = h2vp.from_torch(nn.Sequential(linear, box), torch.rand(1, 6), 3)
    assert abs(network.config["neuron"]["alpha"] - 0.9) < 1e-12
    assert numpy.allclose(network.weights["fc1"], linear.weight.detach().numpy() * 0.1)


def reads_layers_of_their_own():
    """Leak, threshold and width of single layers, no padding, pixels into a Linear."""
    network = h2vp.from_torch(
        nn.Sequential(conv(2, 4, padding=0), leaky(), nn.Flatten(), nn.Linear(144, 5, bias=False),
                      leaky(0.5), nn.Linear(5, 2, bias=False), h2vp.LIF(0.9, 1.0, width=2.0)),
        torch.rand(1, 2, 8, 8), 4)
    first, second, third = network.layers
    assert first["padding"] == "valid" and "alpha" not in first, first
    assert second == {"type": "fc", "neurons": 5, "alpha": 0.5}, second
    assert third == {"type": "fc", "neurons": 2, "th_l": 0.0, "th_r": 2.0}, third
    full = h2vp.load_config({**MACHINE, **network.config})
    assert full["network"]["layers"][0]["padding"] == "valid"
    network = h2vp.from_torch(
        nn.Sequential(nn.Flatten(), nn.Linear(128, 3, bias=False), leaky()),
        torch.rand(1, 2, 8, 8), 4, encoding=True)
    assert network.layers == "3FC(Encoding)"
    assert network.config["network"]["input"] == {"channels": 2, "height": 8, "width": 8}


def folds_batch_norm_and_back():
    norm = nn.BatchNorm2d(4, affine=False).eval()
    norm.running_var.copy_(torch.tensor([0.25, 1.0, 4.0, 16.0]))
    layer = conv(2, 4)
    before = layer.weight.detach().clone()
    network = h2vp.from_torch(nn.Sequential(layer, norm, leaky()), torch.rand(1, 2, 8, 8), 3)
    factor = (norm.running_var + norm.eps).rsqrt().reshape(4, 1, 1, 1)
    assert numpy.allclose(network.weights["conv1"], (before * factor).numpy())
    network.to_torch({"conv1": 2 * network.weights["conv1"]})
    assert torch.allclose(layer.weight, 2 * before)
    norm.running_mean.fill_(0.5)
    network = h2vp.from_torch(nn.Sequential(layer, norm, leaky()), torch.rand(1, 2, 8, 8), 3)
    assert numpy.allclose(network.weights["conv1.b"], -0.5 * factor.flatten().numpy())


def biases_and_back():
    """A bias of the module, scaled by a batch norm that adds its own, and by the neurons."""
    layer, norm = conv(2, 4, bias=True), nn.BatchNorm2d(4).eval()
    norm.running_var.fill_(4.0)
    norm.running_mean.fill_(0.25)
    norm.weight.data.fill_(2.0)
    norm.bias.data.copy_(torch.arange(4.0))
    node = named("LIFNode", tau=2.0, v_threshold=1.0, v_reset=0.0, decay_input=True)
    net, image = nn.Sequential(layer, norm, node).eval(), torch.rand(1, 2, 8, 8)
    network = h2vp.from_torch(net, image, 3)
    assert network.layers[0]["bias"] is True
    with torch.no_grad():
        wanted = norm(layer(image)) / 2
        found = nn.functional.conv2d(image, torch.from_numpy(network.weights["conv1"]),
                                     torch.from_numpy(network.weights["conv1.b"]), padding=1)
    assert torch.allclose(wanted, found, atol=1e-5)
    moved = {"conv1": network.weights["conv1"] * 2, "conv1.b": network.weights["conv1.b"] + 1}
    network.to_torch(moved)
    with torch.no_grad():
        now = norm(layer(image)) / 2
        wanted = nn.functional.conv2d(image, torch.from_numpy(moved["conv1"]),
                                      torch.from_numpy(moved["conv1.b"]), padding=1)
    assert torch.allclose(now, wanted, atol=1e-5)
    bare = nn.Sequential(conv(2, 4), nn.BatchNorm2d(4).eval(), leaky()).eval()
    bare[1].running_mean.fill_(0.5)
    network = h2vp.from_torch(bare, image, 3)
    moved = {**network.weights, "conv1.b": network.weights["conv1.b"] + 1}
    with torch.no_grad():
        before = bare[1](bare[0](image))
        network.to_torch(moved)
        assert torch.allclose(bare[1](bare[0](image)), before + 1, atol=1e-5)


def extensions():
    """Max pooling of spikes and resets by the threshold ask for the machine's extensions."""
    node = named("IFNode", v_threshold=1.0, v_reset=None)
    network = h2vp.from_torch(
        nn.Sequential(conv(2, 4), leaky(reset_mechanism="subtract"), nn.MaxPool2d(2),
                      nn.Flatten(), nn.Linear(64, 3), node), torch.rand(1, 2, 8, 8), 3)
    assert network.layers[1] == {"type": "pool", "kind": "max"}, network.layers
    assert network.config["neuron"]["reset"] == "soft_after_decay"
    assert network.layers[2]["reset"] == "soft" and network.layers[2]["bias"] is True
    assert network.config["machine"] == {"extensions": True}
    full = h2vp.load_config({**MACHINE, **network.config})
    assert full["network"]["layers"][1]["kind"] == "max", full["network"]
    refused(nn.Sequential(conv(2, 4), nn.MaxPool2d(2), leaky()), torch.rand(1, 2, 8, 8),
            "'1' (MaxPool2d)", "acts on potentials")


class Branched(nn.Module):
    """Adds the input to spikes, which nothing of the accelerator does."""

    def __init__(self):
        super().__init__()
        self.first, self.a, self.second, self.b = conv(2, 2), leaky(), conv(2, 2), leaky()

    def forward(self, x):
        return self.b(self.second(self.a(self.first(x)) + x))


class Residual(nn.Module):
    """A block whose neurons get the spikes before it; potentials of a last layer are read."""

    def __init__(self, neurons=lambda: h2vp.LIF(0.5, 1.0), pool=False, weights=conv):
        super().__init__()
        self.first, self.a = weights(1, 4), neurons()
        self.pool = nn.AvgPool2d(2) if pool else nn.Identity()
        self.second, self.b = weights(4, 4), neurons()
        self.third, self.c = weights(4, 4), neurons()
        self.last, self.out = nn.Linear(4 * 28 * 28, 10, bias=False), h2vp.LI(0.75)

    def forward(self, x):
        s = self.a(self.first(x))
        t = self.b(self.second(self.pool(s)))
        if self.pool.__class__ is nn.AvgPool2d:
            s = nn.functional.avg_pool2d(s, 2)
        return self.out(self.last(self.c(self.third(t) + s).flatten(1)))

    def potentials(self, x, steps):
        for neuron in (self.a, self.b, self.c, self.out):
            neuron.reset()
        return sum(self(x) for _ in range(steps)) / steps


def shortcuts_and_read_outs():
    """What they become; the same classes as in PyTorch in FP32, and back."""
    torch.manual_seed(5)
    net, steps = Residual(), 4
    network = h2vp.from_torch(net, torch.rand(1, 1, 28, 28), steps, encoding=True)
    assert [layer.get("adds") for layer in network.layers] == [None, None, "conv1", None]
    assert network.layers[3] == {"type": "fc", "neurons": 10, "readout": True, "alpha": 0.75}
    assert network.config["machine"] == {"extensions": True}
    network = network.with_config({**MACHINE, "training": {"loss": "cross_entropy"}, "dataset": {
        "kind": "digits", "train_limit": 60, "test_limit": 60}})
    samples = h2vp.data(network.config, samples=True)
    pixels = torch.tensor(samples["test_samples"]).float() / 256
    with torch.no_grad():
        fired = net.a(net.first(pixels)).sum(), net.potentials(pixels, steps)
    assert fired[0] > 0, "a shortcut of silence proves nothing"
    found = h2vp.infer(network)
    assert numpy.array_equal(found.predictions, fired[1].argmax(1).numpy())
    trained = h2vp.train(network, {"training.epochs": 1, "training.loss_scale": 64})
    network.to_torch(trained.weights)
    with torch.no_grad():
        back = net.potentials(pixels, steps).argmax(1).numpy()
    assert abs((back == samples["test_labels"]).mean() - trained.accuracy) < 1e-6
    # Silent neurons hide nothing, and the caller's random numbers stay what they were.
    still = Residual(lambda: h2vp.LIF(0.5, 1e4))
    state = torch.get_rng_state()
    silent = h2vp.from_torch(still, torch.zeros(1, 1, 28, 28), 4)
    assert silent.layers[2]["adds"] == "conv1"
    assert torch.equal(torch.get_rng_state(), state)
    for node, alpha, factor in (
            (named("NonSpikingLIFNode", tau=2.0, decay_input=True), 0.5, 0.5),
            (named("NonSpikingIFNode"), 1.0, 1.0),
            (named("LIBoxCell", dt=0.001, p=type("P", (), dict(
                tau_mem_inv=torch.tensor(100.0), v_leak=torch.tensor(0.0)))()), 0.9, 0.1)):
        linear = nn.Linear(6, 5, bias=False)
        network = h2vp.from_torch(nn.Sequential(linear, node), torch.rand(1, 6), 3)
        assert abs(network.config["neuron"]["alpha"] - alpha) < 1e-12
        assert network.layers == [{"type": "fc", "neurons": 5, "readout": True}], network.layers
        assert numpy.allclose(network.weights["fc1"], linear.weight.detach().numpy() * factor)
        full = h2vp.load_config({**MACHINE, **network.config})
        assert full["network"]["layers"][0]["readout"] is True
    image = torch.rand(1, 1, 28, 28)
    node = lambda: named("LIFNode", tau=2.0, v_threshold=1.0, v_reset=0.0, decay_input=True)
    refused(Residual(node), image, "module 'c' (LIFNode)", "counts a spike of 'a' as 0.5")
    pooled = Residual(pool=True)
    pooled.last = nn.Linear(4 * 14 * 14, 10)
    refused(pooled, image, "module 'c' (LIF)", "gets something else than what 'third' gives")
    refused(nn.Sequential(conv(1, 4), h2vp.LI()), image, "module '1' (LI)", "reads out a convolution")
    refused(nn.Sequential(nn.Linear(6, 5), h2vp.LI(), nn.Linear(5, 4), h2vp.LI()), torch.rand(1, 6),
            "module '2' (Linear)", "follows a read-out")


def refuses():
    image = torch.rand(1, 2, 8, 8)
    refused(nn.Sequential(conv(2, 4), nn.ReLU()), image, "module '1' (ReLU)", "is not supported")
    refused(nn.Sequential(conv(2, 4, padding=2), leaky()), image, "padding than 0 or 1")
    refused(nn.Sequential(conv(2, 4, groups=2), leaky()), image, "groups")
    refused(nn.Sequential(conv(2, 4), leaky(reset_mechanism="none")), image, "legal: zero, subtract")
    refused(nn.Sequential(conv(2, 4), conv(4, 4)), image, "without neurons between")
    refused(nn.Sequential(conv(2, 4)), image, "no neurons behind them")
    refused(Branched(), image, "module 'second' (Conv2d)", "gets something else than what 'a'")
    node = named("LIFNode", tau=2.0, v_threshold=1.0, v_reset=-1.0, decay_input=False)
    refused(nn.Sequential(conv(2, 4), node), image, "is reset to another potential than 0")


class Net(nn.Module):
    """A convolutional network for digits, one timestep a call."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(1, 8), h2vp.LIF(), nn.AvgPool2d(2), conv(8, 8), h2vp.LIF(),
                                  nn.AvgPool2d(2), nn.Flatten(), nn.Linear(392, 10, bias=False),
                                  h2vp.LIF())

    def forward(self, x):
        return self.body(x)

    def rates(self, x, timesteps):
        for neuron in self.body:
            if type(neuron).__name__ == "LIF":
                neuron.reset()
        return sum(self(x) for _ in range(timesteps)) / timesteps


def classifies_as_pytorch():
    """In FP32 the same samples get the same class; weights trained there go back here."""
    torch.manual_seed(3)
    net, steps = Net(), 4
    data = {"kind": "digits", "train_limit": 60, "test_limit": 60}
    config = {**MACHINE, "dataset": data, "training": {"loss_scale": 1024}}
    with torch.no_grad():
        for layer in net.body:
            if hasattr(layer, "weight"):
                layer.weight *= 4
    network = h2vp.from_torch(net, torch.rand(1, 1, 28, 28), steps, encoding=True)
    network = network.with_config(config)
    samples = h2vp.data(network.config, samples=True)
    pixels = torch.tensor(samples["test_samples"]).float() / 256
    with torch.no_grad():
        rates = net.rates(pixels, steps)
    found = h2vp.infer(network)
    assert rates.sum() > 0, "a dead network proves nothing"
    assert numpy.array_equal(found.predictions, rates.argmax(1).numpy())
    trained = h2vp.train(network, {"training.epochs": 1})
    network.to_torch(trained.weights)
    with torch.no_grad():
        right = (net.rates(pixels, steps).argmax(1).numpy() == samples["test_labels"]).mean()
    assert abs(right - trained.accuracy) < 1e-6, (right, trained.accuracy)


def main():
    for test in (reads_frameworks, reads_layers_of_their_own, folds_batch_norm_and_back,
                 biases_and_back, extensions, shortcuts_and_read_outs,
                 refuses, classifies_as_pytorch):
        test()
        print("ok    ", test.__name__, flush=True)


if __name__ == "__main__":
    main()
