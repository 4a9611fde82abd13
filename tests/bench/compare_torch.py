#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One training step of the kernels beside PyTorch (CPU, fp32), the same networks on the same
machine in the same run. Prints a table of seconds and ratios: wall time, and, less touched by other
programs on the machine, processor time of all threads.

    tests/bench/compare_torch.py build/bench_step [--threads N] [--repeat N]

PyTorch (1.13 or 2.x) is used if this Python has it (Debian: python3-torch, with
libopenblas0-pthread first); otherwise only the kernels' numbers are printed. It computes all timesteps of a layer's convolution
in one call, forward and backward, neurons step by step on whole layers, and the sum of a static
image once. Its time hardly depends on zeros; the kernels' does, hence their two cases:
drawn (15 % spikes, 95 % zero gradients) and init (a step from random weights).

Below each row: of every phase its processor time, its multiplications and additions as if nothing
were zero, in units of 1e9 per second of one thread, and their share of the machine's peak: PyTorch's
product of two dense fp32 matrices with the same number of threads.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"
# Configuration, layers, batch, timesteps, pixels of one side.
NETWORKS = [
    (
        "mnist.yaml",
        "64C3-128C3-AP2-256C3-256C3-AP2-512C3-512C3-512FC-512FC-10FC",
        4,
        10,
        28,
    ),
    ("mnist_small.yaml", "16C3-AP2-32C3-AP2-128FC-10FC", 8, 4, 28),
]
CASES = {"drawn": ["--drawn", "0.15", "0.05"], "init": ["--init"]}


def torch_seconds(layers, batch, steps, side, threads, repeat):
    """Best step (forward, loss, backward): processor and wall seconds; None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    import torch.nn.functional as F

    class Spike(torch.autograd.Function):
        @staticmethod
        def forward(ctx, u):
            ctx.save_for_backward(u)
            return (u >= 0.5).float()

        @staticmethod
        def backward(ctx, grad):
            (u,) = ctx.saved_tensors
            return grad * ((u > 0) & (u < 1)).float()

    def neurons(z):
        """z: T,N,... or one map for all T; returns spikes of all timesteps."""
        u, s, out = 0.0, 0.0, []
        for t in range(steps):
            u = 0.25 * u * (1 - s) + z[t if len(z) > 1 else 0]
            s = Spike.apply(u)
            out.append(s)
        return torch.stack(out)

    torch.manual_seed(1)
    torch.set_num_threads(threads)
    plan, channels, size = [], 1, side
    for item in layers.split("-"):
        if item == "AP2":
            plan.append(("pool", None))
            size //= 2
            continue
        cout, kind = re.fullmatch(r"(\d+)(C3|FC)", item).groups()
        fan_in = channels * (9 if kind == "C3" else size * size)
        shape = (int(cout), channels, 3, 3) if kind == "C3" else (int(cout), fan_in)
        w = torch.randn(shape) * (2 / fan_in) ** 0.5
        plan.append((kind, w.requires_grad_()))
        channels = int(cout)
        size = size if kind == "C3" else 1

    image = torch.rand(1, batch, 1, side, side)
    target = F.one_hot(torch.arange(batch) % channels, channels).float()

    def step():
        x = image
        for kind, w in plan:
            flat = x.flatten(0, 1)
            if kind == "pool":
                x = F.avg_pool2d(flat, 2).unflatten(0, x.shape[:2])
                continue
            z = F.conv2d(flat, w, padding=1) if kind == "C3" else F.linear(flat.flatten(1), w)
            x = neurons(z.unflatten(0, x.shape[:2]))
        loss = ((x.mean(0) - target) ** 2).mean()
        loss.backward()
        for _, w in plan:
            if w is not None:
                w.grad = None

    step()
    best = None
    for _ in range(repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        step()
        times = (time.process_time() - cpu, time.perf_counter() - wall)
        best = min(best, times) if best else times
    return best


def torch_peak(threads):
    """1e9 multiplications and additions per second and thread of a dense product."""
    import torch

    torch.set_num_threads(threads)
    size = 2048
    a, b = torch.rand(size, size), torch.rand(size, size)
    times = []
    for _ in range(6):
        start = time.process_time()
        torch.mm(a, b)
        times.append(time.process_time() - start)
    return size**3 / min(times) * 1e-9


def phase_macs(layers, batch, steps, side):
    """1e9 multiplications and additions of one step by phase, as if nothing were zero: no sum for
    the image's gradient, one forward sum per static image."""
    channels, size, forward, later = 1, side, 0, 0
    for index, item in enumerate(layers.split("-")):
        if item == "AP2":
            size //= 2
            continue
        cout, kind = re.fullmatch(r"(\d+)(C3|FC)", item).groups()
        taps = 9 if kind == "C3" else size * size
        macs = batch * int(cout) * channels * taps * (size * size if kind == "C3" else 1)
        forward += macs if index == 0 else macs * steps
        later += 0 if index == 0 else macs * steps
        first = macs * steps if index == 0 else first
        channels, size = int(cout), size if kind == "C3" else 1
    return {k: v * 1e-9 for k, v in
            {"forward": forward, "backward": later, "weight_gradient": later + first}.items()}


def kernel_step(program, config, case, numerics, threads, repeat):
    command = [program, str(CONFIGS / config), *CASES[case], "--threads", str(threads)]
    command += ["--repeat", str(repeat), "--set", f"numerics={numerics}"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bench_step", help="program of the build folder")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeat", type=int, default=5, help="best of so many steps")
    args = parser.parse_args()
    print(
        f"{'network':18}{'case':7}{'numerics':9}{'wall s':>8}{'torch':>8}{'ratio':>7}"
        f"{'cpu s':>8}{'torch':>8}{'ratio':>7}"
    )
    try:
        peak = torch_peak(args.threads)
        print(f"peak of this machine: {peak:.0f} GMAC/s a thread")
    except ImportError:
        peak = None
    for config, layers, batch, steps, side in NETWORKS:
        torch_best = torch_seconds(layers, batch, steps, side, args.threads, args.repeat)
        macs = phase_macs(layers, batch, steps, side)
        for case in CASES:
            for numerics in ("fp32", "fp16"):
                r = kernel_step(
                    args.bench_step, config, case, numerics, args.threads, args.repeat
                )
                line = f"{config:18}{case:7}{numerics:9}"
                for ours, index in ((r["seconds"], 1), (r["cpu_seconds"], 0)):
                    theirs = torch_best[index] if torch_best else None
                    line += f"{ours:8.3f}"
                    line += f"{theirs:8.3f}{theirs / ours:7.2f}" if theirs else f"{'-':>8}{'-':>7}"
                print(
                    f"{line}  {r['isa']}, spikes {r['spike_density']:.0%}, gradients"
                    f" {r['gradient_density']:.0%}"
                )
                for phase, amount in macs.items():
                    rate = amount / r[phase]
                    share = f", {rate / peak:.2f} of the peak" if peak else ""
                    print(f"{'':9}{phase.replace('_', ' '):16}{r[phase]:8.3f} s{rate:8.0f}{share}")
        if torch_best is None:
            print("(this Python has no PyTorch)")


if __name__ == "__main__":
    main()
