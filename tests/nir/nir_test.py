#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`h2vp import` and `h2vp export` against NIR files that h5py writes and reads, with the conventions
of snnTorch, SpikingJelly and Norse.

usage: nir_test.py H2VP SOURCE_DIR
"""

import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy

H2VP, SOURCE = sys.argv[1:3]
RNG = numpy.random.default_rng(7)
DT = 1e-4
HUGE = object()  # 2 GiB of which nothing is written


def f32(*shape):
    return RNG.normal(size=shape).astype(numpy.float32)


def write_nir(path, nodes, edges=None):
    """Groups, arrays (compressed where they have dimensions) and texts, as the nir package writes
    them. `nodes`: (name, type, members); without `edges` a chain."""
    names = [name for name, _, _ in nodes]
    edges = list(zip(names, names[1:])) if edges is None else edges
    text = h5py.string_dtype()

    def put(group, member, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                put(group.require_group(member), key, inner)
        elif isinstance(value, str):
            group.create_dataset(member, data=value, dtype=text)
        elif value is HUGE:
            group.create_dataset(member, shape=(2**29,), dtype="<f4", chunks=(2**16,))
        else:
            value = numpy.asarray(value)
            packed = {"compression": "gzip"} if value.ndim else {}
            group.create_dataset(member, data=value, **packed)

    with h5py.File(path, "w") as file:
        put(file, "version", "1.0.6")
        put(file, "node", {"type": "NIRGraph"})
        file["node"].create_dataset("edges", data=numpy.array(edges, dtype=object), dtype=text)
        for name, kind, members in nodes:
            put(file, f"node/nodes/{name}", {"type": kind, **members})


def read_yaml(path):
    """Only what the program writes: `key: value` and `{a: 1}`."""
    done = subprocess.run([H2VP, "config", path, "--json"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    import json
    return json.loads(done.stdout)


def run_import(work, *options):
    line = [H2VP, "import", work / "model.nir", "--out", work / "net.yaml", "--weights",
            work / "weights", *options]
    return subprocess.run([str(part) for part in line], capture_output=True, text=True, check=False)


def imported(work, nodes, *options):
    write_nir(work / "model.nir", nodes)
    done = run_import(work, *options)
    assert done.returncode == 0, done.stderr
    return read_yaml(work / "net.yaml"), done.stdout


def weights(work, layer):
    return numpy.load(work / "weights" / f"{layer}.w.npy")


def equal(found, wanted):
    assert found.dtype == numpy.float32 and numpy.array_equal(found, wanted), (found, wanted)


def conv(weight, stride=1, padding=None, **others):
    side = weight.shape[-1] // 2
    return {"weight": weight, "stride": numpy.array([stride, stride]), "groups": 1,
            "padding": numpy.array([side, side]) if padding is None else padding,
            "dilation": numpy.array([1, 1]),
            "bias": numpy.zeros(len(weight), numpy.float32), **others}


def lif(shape, tau, r, threshold=1.0, v_reset=True):
    def full(v):
        return numpy.full(shape, v, numpy.float32)
    members = {"tau": full(tau), "r": full(r), "v_leak": full(0), "v_threshold": full(threshold)}
    return {**members, "v_reset": full(0)} if v_reset else members


def pool(side=2):
    return {"kernel_size": numpy.array([side, side]), "stride": numpy.array([2, 2]),
            "padding": numpy.array([0, 0])}


def shape(*sides):
    return {"shape": numpy.array(sides)}


def snntorch(work):
    """beta: tau = dt / (1 - beta), r = tau / dt in FP32; older files lack v_reset. MLP and CNN."""
    beta = numpy.float32(0.9)
    tau = numpy.float32(DT) / (1 - beta)
    one, two = f32(5, 12), f32(3, 5)
    config, _ = imported(work, [
        ("input", "Input", shape(12)), ("0", "Linear", {"weight": one}),
        ("1", "LIF", lif((1,), tau, tau / numpy.float32(DT), v_reset=False)),
        ("2", "Affine", {"weight": two, "bias": numpy.zeros(3, numpy.float32)}),
        ("3", "LIF", lif((1,), tau, tau / numpy.float32(DT), v_reset=False)),
        ("output", "Output", shape(3))], "--timesteps", "25")
    assert config["network"]["layers"] == "5FC-3FC" and config["network"]["timesteps"] == 25
    assert config["neuron"]["alpha"] == 0.9 and config["neuron"]["th_f"] == 1
    assert (config["neuron"]["th_l"], config["neuron"]["th_r"]) == (0.5, 1.5)
    equal(weights(work, "fc1"), one)
    equal(weights(work, "fc2"), two)
    a, b, c = f32(4, 1, 5, 5), f32(6, 4, 3, 3), f32(10, 6 * 3 * 3)
    config, _ = imported(work, [
        ("input", "Input", shape(1, 12, 12)), ("c1", "Conv2d", conv(a)),
        ("l1", "LIF", lif((4, 12, 12), 2 * DT, 2)), ("p1", "AvgPool2d", pool()),
        ("c2", "Conv2d", conv(b, 2)), ("l2", "LIF", lif((6, 3, 3), 2 * DT, 2)),
        ("f", "Flatten", {"start_dim": 0, "end_dim": -1, "input_type": numpy.array([6, 3, 3])}),
        ("d", "Linear", {"weight": c}), ("l3", "LIF", lif((10,), 2 * DT, 2)),
        ("output", "Output", shape(10))], "--encoding")
    assert config["network"]["layers"] == "4C5(Encoding)-AP2-6C3S2-10FC", config["network"]
    assert config["network"]["input"] == {"channels": 1, "height": 12, "width": 12}
    assert config["neuron"]["alpha"] == 0.5
    equal(weights(work, "conv1"), a)
    equal(weights(work, "fc1"), c)
    cuba = {**lif((3,), tau, tau / numpy.float32(DT)), "w_in": numpy.ones(3, numpy.float32)}
    cuba["tau_mem"] = cuba.pop("tau")
    cuba["tau_syn"] = numpy.full(3, DT, numpy.float32)
    nodes = [("input", "Input", shape(12)), ("0", "Linear", {"weight": f32(3, 12)}),
             ("syn", "CubaLIF", cuba), ("output", "Output", shape(3))]
    assert imported(work, nodes)[0]["neuron"]["alpha"] == 0.9
    cuba["tau_syn"] = numpy.full(3, 2 * DT, numpy.float32)
    refused(work, nodes, "node 'syn' (CubaLIF)", "currents that outlast a timestep")


def spikingjelly(work):
    """tau in timesteps; decay_input: r = 1, the weights take 1/tau; IF: r = 1/dt."""
    w = f32(4, 8)
    for r, factor in ((1, 0.25), (4, 1)):
        config, text = imported(work, [
            ("input_1", "Input", shape(8)), ("fc", "Linear", {"weight": w}),
            ("sn", "LIF", lif((4,), 4 * DT, r)), ("output", "Output", shape(4))])
        assert config["neuron"]["alpha"] == 0.75
        equal(weights(work, "fc1"), (w.astype(float) * factor).astype(numpy.float32))
        assert ("times 0.25" in text) == (factor != 1), text
    nodes = [("i", "Input", shape(8)), ("fc", "Linear", {"weight": w}),
             ("sn", "IF", {"r": numpy.full(4, 1 / DT), "v_threshold": numpy.full(4, 0.5),
                           "v_reset": numpy.zeros(4)}), ("o", "Output", shape(4))]
    config, _ = imported(work, nodes)
    assert config["neuron"]["alpha"] == 1 and config["neuron"]["th_f"] == 0.5
    equal(weights(work, "fc1"), w)


def norse(work):
    """tau = 1 / tau_mem_inv in seconds, r = 1, a timestep of 1 ms; numbers without dimensions."""
    w = f32(4, 2, 3, 3)
    config, _ = imported(work, [
        ("input", "Input", shape(2, 6, 6)), ("0", "Conv2d", conv(w, padding="same")),
        ("1", "LIF", {"tau": 0.01, "r": 1.0, "v_leak": 0.0, "v_reset": 0.0, "v_threshold": 1.0}),
        ("2", "Flatten", {"start_dim": 0, "end_dim": -1}),
        ("3", "Linear", {"weight": f32(2, 144)}),
        ("4", "LIF", {"tau": 0.01, "r": 1.0, "v_leak": 0.0, "v_reset": 0.0, "v_threshold": 1.0}),
        ("output", "Output", shape(2))], "--dt", "0.001")
    assert config["neuron"]["alpha"] == 0.9
    assert numpy.allclose(weights(work, "conv1"), w * 0.1, rtol=1e-4)


def folds(work):
    """Sums are four means; Scale of channels, as of a folded batch norm, goes into the weights."""
    a, b = f32(4, 2, 3, 3), f32(3, 4 * 4 * 4)
    factors = numpy.array([0.5, 2, 1, -1], numpy.float32)
    nodes = [("i", "Input", shape(2, 8, 8)), ("c", "Conv2d", conv(a)),
             ("bn", "Scale", {"scale": factors}), ("l", "LIF", lif((4, 8, 8), 2 * DT, 2)),
             ("p", "SumPool2d", pool()), ("f", "Flatten", {"start_dim": 0, "end_dim": -1}),
             ("d", "Linear", {"weight": b}), ("m", "LIF", lif((3,), 2 * DT, 2)),
             ("o", "Output", shape(3))]
    config, text = imported(work, nodes)
    assert config["network"]["layers"] == "4C3-AP2-3FC"
    assert config["network"]["pool"] == "after_soma"
    equal(weights(work, "conv1"), a * factors.reshape(4, 1, 1, 1))
    equal(weights(work, "fc1"), b * 4)
    assert "node 'bn': folded" in text and "weights times 4" in text, text
    nodes[3], nodes[4] = nodes[4], nodes[3]
    config, _ = imported(work, nodes)
    assert config["network"]["pool"] == "before_soma"
    equal(weights(work, "conv1"), a * factors.reshape(4, 1, 1, 1) * 4)
    equal(weights(work, "fc1"), b)


def layers_of_their_own(work):
    """Leak and threshold of one layer, no padding, pixels into a Linear: a list of layers."""
    a, b = f32(4, 2, 3, 3), f32(3, 4 * 6 * 6)
    config, _ = imported(work, [
        ("i", "Input", shape(2, 8, 8)), ("c", "Conv2d", conv(a, padding="valid")),
        ("l", "LIF", lif((4, 6, 6), 2 * DT, 2)), ("f", "Flatten", {"start_dim": 0}),
        ("d", "Linear", {"weight": b}), ("m", "LIF", lif((3,), 4 * DT, 4, 2.0)),
        ("o", "Output", shape(3))])
    conv1, fc1 = config["network"]["layers"]
    assert (conv1["padding"], conv1["channels"], "alpha" in conv1) == ("valid", 4, False), conv1
    assert config["neuron"]["alpha"] == 0.5 and fc1["alpha"] == 0.75, fc1
    assert (fc1["th_f"], fc1["th_l"], fc1["th_r"]) == (2, 1.5, 2.5), fc1
    equal(weights(work, "fc1"), b)
    export(work, work / "net.yaml", work / "weights", work / "again.nir")
    with h5py.File(work / "again.nir") as file:
        nodes = file["node/nodes"]
        assert nodes["conv1/padding"][()].tolist() == [0, 0]
        assert numpy.unique(nodes["fc1_neurons/tau"]) == numpy.float32(4 * DT)
        assert numpy.unique(nodes["fc1_neurons/v_threshold"]) == 2
        assert nodes["conv1_neurons/tau"].shape == (4, 6, 6)
    again = read_yaml(work / "net.yaml")
    (work / "again.nir").rename(work / "model.nir")
    done = run_import(work)
    assert done.returncode == 0 and read_yaml(work / "net.yaml") == again, done.stderr
    config, _ = imported(work, [
        ("i", "Input", shape(1, 4, 4)), ("f", "Flatten", {"start_dim": 0}),
        ("d", "Linear", {"weight": f32(3, 16)}), ("m", "LIF", lif((3,), 2 * DT, 2)),
        ("o", "Output", shape(3))], "--encoding")
    assert config["network"]["layers"] == "3FC(Encoding)"


def biases(work):
    """Of Conv2d and Affine, times the factors that act on the sums; round trip bit for bit; what
    NIR has no node for is refused by layer."""
    a, b, c, d = f32(4, 2, 3, 3), f32(4), f32(3, 256), f32(3)
    config, _ = imported(work, [
        ("i", "Input", shape(2, 8, 8)), ("c", "Conv2d", conv(a, bias=b)),
        ("bn", "Scale", {"scale": numpy.array([0.5, 2, 1, -1], numpy.float32)}),
        ("l", "LIF", lif((4, 8, 8), 2 * DT, 2)), ("f", "Flatten", {"start_dim": 0}),
        ("d", "Affine", {"weight": c, "bias": d}), ("m", "LIF", lif((3,), 2 * DT, 1)),
        ("o", "Output", shape(3))])
    assert [layer["bias"] for layer in config["network"]["layers"]] == [True, True]
    equal(numpy.load(work / "weights" / "conv1.b.npy"), b * numpy.float32([0.5, 2, 1, -1]))
    equal(numpy.load(work / "weights" / "fc1.b.npy"), d / 2)
    before = {path.name: path.read_bytes() for path in (work / "weights").iterdir()}
    export(work, work / "net.yaml", work / "weights", work / "model.nir")
    with h5py.File(work / "model.nir") as file:
        assert file["node/nodes/fc1/type"][()] == b"Affine"
        equal(file["node/nodes/fc1/bias"][()], d / 2)
    done = run_import(work)
    assert done.returncode == 0, done.stderr
    assert before == {path.name: path.read_bytes() for path in (work / "weights").iterdir()}
    for key, name in (("neuron.reset=soft", "soft reset"),):
        done = subprocess.run([H2VP, "export", work / "net.yaml", "--weights", work / "weights",
                               "--out", work / "x.nir", "--set", key, "--set",
                               "machine.extensions=true"], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 2 and f"layer conv1 has a {name}" in done.stderr, done.stderr


def potentials(work):
    """Read-outs: LI and I behind Linear and Affine; round trip bit for bit."""
    a, b, c = f32(5, 12), f32(3, 5), f32(3)
    for kind, members, alpha, factor in (
            ("LI", {"tau": numpy.full(3, 4 * DT), "r": numpy.full(3, 4.0),
                    "v_leak": numpy.zeros(3)}, 0.75, 1),
            ("LI", {"tau": 2 * DT, "r": 1.0, "v_leak": 0.0}, 0.5, 0.5),
            ("I", {"r": numpy.full(3, 1 / DT)}, 1, 1),
            ("CubaLI", {"tau_mem": 2 * DT, "tau_syn": DT, "r": 2.0, "w_in": 0.5, "v_leak": 0.0},
             0.5, 0.5)):
        nodes = [("i", "Input", shape(12)), ("a", "Linear", {"weight": a}),
                 ("n", "LIF", lif((5,), 2 * DT, 2)), ("b", "Affine", {"weight": b, "bias": c}),
                 ("v", kind, members), ("o", "Output", shape(3))]
        config, _ = imported(work, nodes)
        last = config["network"]["layers"][1]
        assert last["readout"] is True and last.get("alpha", 0.5) == alpha, last
        assert config["machine"]["extensions"] is True
        equal(weights(work, "fc2"), b * numpy.float32(factor))
        equal(numpy.load(work / "weights" / "fc2.b.npy"), c * numpy.float32(factor))
        found = same_again(work)
        assert found["fc2_neurons"] == ("I" if alpha == 1 else "LI"), found
    write_nir(work / "model.nir", [("i", "Input", shape(12)), ("a", "Linear", {"weight": a}),
                                   ("v", "LI", {"tau": 4 * DT, "r": 4.0, "v_leak": 0.0}),
                                   ("o", "Output", shape(5))])
    assert run_import(work).returncode == 0
    assert read_yaml(work / "net.yaml")["neuron"]["alpha"] == 0.75
    nodes.insert(5, ("d", "Linear", {"weight": f32(2, 3)}))
    nodes.insert(6, ("m", "LIF", lif((2,), 2 * DT, 2)))
    refused(work, nodes, "node 'd' (Linear) follows a read-out of potentials; legal: Output")
    nodes[4] = ("v", "LI", {"tau": 2 * DT, "r": 1.0, "v_leak": 0.5})
    refused(work, nodes, "node 'v' (LI) leaks to another potential than 0")


def same_again(work):
    """Exports what was imported and imports it again: the same files. Types by node."""
    before = {path.name: path.read_bytes() for path in (work / "weights").iterdir()}
    before["net.yaml"] = (work / "net.yaml").read_bytes()
    export(work, work / "net.yaml", work / "weights", work / "model.nir")
    with h5py.File(work / "model.nir") as file:
        kinds = {name: node["type"][()].decode() for name, node in file["node/nodes"].items()}
    done = run_import(work)
    assert done.returncode == 0, done.stderr
    assert before == {**{path.name: path.read_bytes() for path in (work / "weights").iterdir()},
                      "net.yaml": (work / "net.yaml").read_bytes()}
    return kinds


def shortcuts(work):
    """Spikes that later neurons get beside their sums, as edges from neurons to neurons."""
    a, b, c, d = f32(4, 2, 3, 3), f32(4, 4, 3, 3), f32(4, 4, 3, 3), f32(3, 256)
    own = {"d": ("Linear", {"weight": d}), "e": ("LIF", lif((3,), 2 * DT, 2))}
    def net(gain=2, **changed):
        nodes = {"i": ("Input", shape(2, 8, 8)), "a": ("Conv2d", conv(a)),
                 "k": ("LIF", lif((4, 8, 8), 2 * DT, 2)), "b": ("Conv2d", conv(b)),
                 "l": ("LIF", lif((4, 8, 8), 2 * DT, gain)), "c": ("Conv2d", conv(c)),
                 "m": ("IF", {"r": numpy.full((4, 8, 8), 1 / DT),
                              "v_threshold": numpy.full((4, 8, 8), 1.0)}),
                 "f": ("Flatten", {"start_dim": 0}), **own, "o": ("Output", shape(3)), **changed}
        return [(name, *node) for name, node in nodes.items()]

    names = [n for n, _, _ in net()]
    chain = list(zip(names, names[1:]))
    write_nir(work / "model.nir", net(), [("k", "l")] + chain + [("l", "m")])
    done = run_import(work)
    assert done.returncode == 0, done.stderr
    config = read_yaml(work / "net.yaml")
    layers = config["network"]["layers"]
    assert [layer.get("adds") for layer in layers] == [None, "conv1", "conv2", None], layers
    assert config["machine"]["extensions"] is True
    for name, wanted in (("conv1", a), ("conv2", b), ("conv3", c), ("fc1", d)):
        equal(weights(work, name), wanted)
    same_again(work)
    with h5py.File(work / "model.nir") as file:
        edges = [(x.decode(), y.decode()) for x, y in file["node/edges"][()]]
    assert ("conv1_neurons", "conv2_neurons") in edges, edges
    assert ("conv2_neurons", "conv3_neurons") in edges and len(edges) == 12, edges
    for extra, text in (
            ([("m", "l")], "node 'l' (LIF) gets the spikes of 'm', which is not before it"),
            ([("l", "l")], "node 'l' (LIF) gets the spikes of 'l', which is not before it"),
            ([("k", "m"), ("l", "m")], "node 'm' (IF) has several predecessors"),
            ([("a", "l")], "node 'l' (LIF) has several predecessors"),
            ([("k", "c")], "node 'c' (Conv2d) has several predecessors")):
        refused(work, net(), text, edges=chain + extra)
    refused(work, net(1), "node 'l' (LIF) counts a spike of 'k' as 0.5; legal: 1",
            edges=chain + [("k", "l")])


    (work / "own.yaml").write_text(f"""
include: {SOURCE}/configs/h2learn.yaml
machine: {{extensions: true}}
network:
  input: {{channels: 4, height: 8, width: 8}}
  layers: [{{type: conv, channels: 4}}, {{type: conv, channels: 4, adds_potentials: conv1}},
           {{type: fc, neurons: 3}}]
""")
    numpy.save(work / "weights" / "conv1.w.npy", b)
    done = subprocess.run([H2VP, "export", work / "own.yaml", "--weights", work / "weights", "--out",
                           work / "x.nir"], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout
    assert "layer conv2 has a shortcut of potentials" in done.stderr, done.stderr


def refused(work, nodes, *parts, edges=None, options=()):
    write_nir(work / "model.nir", nodes, edges)
    done = run_import(work, *options)
    assert done.returncode == 2, (parts, done.returncode, done.stdout)
    for part in ("model.nir",) + parts:
        assert part in done.stderr, f"{part!r} is not in: {done.stderr}"


def damaged_heap(work, nodes):
    """Texts lie in a heap. libhdf5 reads behind it, or for ever if its free space, object 0, has a
    size of 0."""
    file = work / "model.nir"
    write_nir(file, nodes)
    data = bytearray(file.read_bytes())
    heap = data.index(b"GCOL")
    at = heap + 16
    while data[at:at + 2] != b"\0\0":
        at += 16 + (int.from_bytes(data[at + 8:at + 16], "little") + 7) // 8 * 8
    for place, size in ((at, 0), (at, 5000), (heap + 16, 4096)):
        changed = bytearray(data)
        index = int.from_bytes(data[place:place + 2], "little")
        changed[place + 8:place + 16] = size.to_bytes(8, "little")
        file.write_bytes(changed)
        done = run_import(work)
        assert done.returncode == 2, (size, done.returncode, done.stderr)
        assert f"heap at byte {heap}: object {index} has {size} bytes" in done.stderr, done.stderr


def refuses(work):
    def net(**changed):
        nodes = {"i": ("Input", shape(2, 8, 8)), "c": ("Conv2d", conv(f32(4, 2, 3, 3))),
                 "l": ("LIF", lif((4, 8, 8), 2 * DT, 2)), "f": ("Flatten", {"start_dim": 0}),
                 "d": ("Linear", {"weight": f32(3, 256)}), "m": ("LIF", lif((3,), 2 * DT, 2)),
                 "o": ("Output", shape(3)), **changed}
        return [(name, *node) for name, node in nodes.items() if node]

    imported(work, net())
    w = f32(4, 2, 3, 3)
    for name, node, *parts in (
            ("c", ("Conv1d", {}), "node 'c' (Conv1d) is not mapped"),
            ("c", ("Conv2d", conv(w, bias=f32(3))), "has 3 biases for 4 outputs"),
            ("c", ("Conv2d", conv(w, 3)), "a stride of 3"),
            ("c", ("Conv2d", conv(w, padding=numpy.array([2, 2]))), "a padding of 2; legal: 0, or"),
            ("c", ("Conv2d", conv(f32(4, 2, 9, 9), padding="valid")), "does not fit the map"),
            ("c", ("Conv2d", conv(w, groups=2)), "has groups"),
            ("c", ("Conv2d", conv(w, dilation=numpy.array([2, 2]))), "is dilated"),
            ("c", ("Conv2d", conv(f32(4, 2, 4, 4))), "not square with an odd side"),
            ("c", ("Conv2d", conv(f32(4, 3, 3, 3))), "reads 3 channels, but gets 2"),
            ("c", ("Conv2d", conv(f32(0, 2, 3, 3), bias=f32(0))), "has no weights"),
            ("d", ("Linear", {"weight": f32(0, 256)}), "has no weights"),
            ("l", ("LIF", {**lif((4, 8, 8), 2 * DT, 2), "v_reset": 0.5}), "is reset to another"),
            ("l", ("LIF", {**lif((4, 8, 8), 2 * DT, 2), "v_leak": 0.5}), "leaks to another"),
            ("l", ("LIF", {**lif((4, 8, 8), 2 * DT, 2), "tau": numpy.array([2 * DT, DT])}),
             "different 'tau'"),
            ("l", ("LIF", lif((4, 8, 8), DT / 2, 2)), "below the timestep", "--dt"),
            ("l", ("LI", lif((4, 8, 8), 2 * DT, 2)), "node 'l' (LI) reads out a convolution"),
            ("m", ("LI", lif((3,), DT / 2, 2)), "node 'm' (LI)", "below the timestep", "--dt"),
            ("m", ("LIF", lif((3,), 2 * DT, 2, -1.0)), "node 'm' (LIF)", "not above 0"),
            ("m", None, "ends a layer without"), ("l", None, "follows a layer without"),
            ("d", ("Linear", {"weight": f32(3, 255)}), "reads 255 values, but gets 4x8x8"),
            ("f", ("AvgPool2d", pool(3)), "no pool of 2x2"),
            ("f", ("Flatten", {"start_dim": 1}), "keeps some dimensions"),
            ("d", ("Linear", {}), "lacks 'weight'")):
        refused(work, net(**{name: node}), *parts)
    refused(work, net(d=("Linear", {"weight": f32(3, 256), "bias": HUGE})), "/node/nodes/d/bias",
            "announces 2147483648 bytes, of which the file holds 0")
    damaged_heap(work, net())
    names = [n for n, _, _ in net()]
    chain = list(zip(names, names[1:]))
    refused(work, net(), "node 'l'", "several successors", edges=chain[:-1] + [("l", "o")])
    refused(work, net(), "node 'o' (Output) has several predecessors", edges=chain + [("l", "o")])
    refused(work, net(), "node 'm' (LIF): network.layers: item 2 fc1 adds conv1, which has another "
            "shape", edges=chain + [("l", "m")])
    refused(work, net(), "'x', which is no node", edges=chain + [("o", "x")])
    refused(work, net(), "node 'd' (Linear) has no successor", edges=chain[:4])
    loop = [("i", "c"), ("c", "l"), ("l", "f"), ("f", "c")]
    refused(work, net(), "several predecessors", edges=loop)
    for damage in (b"", b"no HDF5", (work / "model.nir").read_bytes()[:700]):
        (work / "model.nir").write_bytes(damage)
        done = run_import(work)
        assert done.returncode == 2 and "model.nir" in done.stderr, done.stderr


def export(work, config, weight_folder, path, *options):
    line = [H2VP, "export", config, "--weights", weight_folder, "--out", path, *options]
    done = subprocess.run([str(part) for part in line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def round_trip(work):
    """Export, import, export: the same weights bit for bit, the same network, the same graph."""
    shapes = {"conv1": (6, 1, 3, 3), "conv2": (5, 6, 3, 3), "fc1": (7, 5 * 3 * 3), "fc2": (4, 7)}
    (work / "own").mkdir()
    for name, sides in shapes.items():
        numpy.save(work / "own" / f"{name}.w.npy", f32(*sides).astype(numpy.float16))
    for alpha, mode in ((0.25, "after_soma"), (0.9375, "before_soma"), (1.0, "after_soma")):
        (work / "own.yaml").write_text(f"""
include: {SOURCE}/configs/h2learn.yaml
network: {{layers: "6C3(Encoding)-AP2-5C3S2-7FC-4FC", timesteps: 6, pool: {mode},
          input: {{channels: 1, height: 12, width: 12}}}}
neuron: {{alpha: {alpha}}}
""")
        export(work, work / "own.yaml", work / "own", work / "model.nir")
        with h5py.File(work / "model.nir", "r") as file:
            nodes = file["node/nodes"]
            assert file["node/type"][()] == b"NIRGraph" and file["version"][()]
            kinds = {name: node["type"][()].decode() for name, node in nodes.items()}
            assert kinds["conv1"] == "Conv2d" and kinds["conv1_pool"] == "AvgPool2d", kinds
            assert nodes["conv1/weight"].dtype == numpy.float32
            assert nodes["fc1_neurons/v_threshold"].shape == (7,)
            edges = [(a.decode(), b.decode()) for a, b in file["node/edges"][()]]
            assert len(edges) == len(kinds) - 1 and edges[0][0] == "input", edges
        done = run_import(work, "--timesteps", "6")
        assert done.returncode == 0, done.stderr
        found, own = read_yaml(work / "net.yaml"), read_yaml(work / "own.yaml")
        for part in ("network", "neuron"):
            assert found[part] == own[part], (found[part], own[part])
        for name in shapes:
            stored = numpy.load(work / "own" / f"{name}.w.npy").astype(numpy.float32)
            assert weights(work, name).tobytes() == stored.tobytes(), name
        export(work, work / "net.yaml", work / "weights", work / "again.nir")
        with h5py.File(work / "model.nir") as a, h5py.File(work / "again.nir") as b:
            def same(name, item):
                if isinstance(item, h5py.Dataset):
                    assert numpy.array_equal(item[()], b[name][()]), name
            a.visititems(same)
    done = subprocess.run([H2VP, "export", work / "own.yaml", "--weights", work / "own", "--out",
                           work / "none" / "x.nir"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "x.nir: cannot be written" in done.stderr, done.stderr


def main():
    with tempfile.TemporaryDirectory() as work:
        for test in (snntorch, spikingjelly, norse, folds, layers_of_their_own, biases,
                     potentials, shortcuts, refuses, round_trip):
            folder = pathlib.Path(work) / test.__name__
            folder.mkdir()
            test(folder)
            print("ok    ", test.__name__, flush=True)


if __name__ == "__main__":
    main()
