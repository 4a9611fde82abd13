# SPDX-License-Identifier: Apache-2.0
"""Drives a card that `h2vp serve` simulates from Python, as if it were there: identifies it, moves
a block through Mem0, and trains a small network on patterns made here.

    h2vp serve configs/h2learn.yaml --socket /tmp/card &
    export H2_LIBRARY=build/libh2.so PYTHONPATH=platform/library
    python3 examples/external/train.py /tmp/card
"""

import random
import sys

import h2

SIDE, CLASSES, SUB_BATCH, GROUP, GROUPS = 8, 4, 4, 4, 64


def identify(card):
    tile, version = card.register("TILE"), card.register("VERSION")
    memories = card.register("CAPABILITIES") >> 12 & 3
    print(f"card {card.register('ID'):#010x}, contract {version >> 16}.{version & 0xFFFF}, "
          f"tiles of {tile & 0xFFFF}x{tile >> 16}, {memories} x {card.register('MEMORY_SIZE')} MiB")


def round_trip(card, size=1 << 16):
    block, start = random.randbytes(size), card.seconds
    card.write(card.memory(0), block)
    middle = card.seconds
    same = card.read(card.memory(0), size) == block
    print(f"{size} bytes to Mem0 in {(middle - start) * 1e9:.0f} ns, back in "
          f"{(card.seconds - middle) * 1e9:.0f} ns: {'the same' if same else 'DIFFERENT'}")
    return same


def pattern(label):
    """A bright line in dark noise: horizontal, vertical, falling or rising."""
    pixels = bytearray(random.randrange(64) for _ in range(SIDE * SIDE))
    at = random.randrange(SIDE)
    for i in range(SIDE):
        row, column = [(at, i), (i, at), (i, at + i), (i, at - i)][label]
        pixels[row * SIDE + column % SIDE] = random.randrange(192, 256)
    return bytes(pixels)


def sub_batch():
    labels = [random.randrange(CLASSES) for _ in range(SUB_BATCH)]
    return [pattern(label) for label in labels], labels


def train(card):
    network = h2.Network(channels=1, height=SIDE, width=SIDE, timesteps=4, sub_batch=SUB_BATCH)
    network.conv(8).fc(32).fc(CLASSES)
    card.load(network)
    # Neurons that forget slowly gather more: they start with smaller weights.
    gain = 0.75 if network.table.alpha > 0.5 else 1
    for number, layer in enumerate(network.layers):
        deviation = gain * (layer.cout / layer.weight_count()) ** 0.5
        card.write_weights(number, [random.gauss(0, deviation)
                                    for _ in range(layer.weight_count())])
    schedule = h2.Schedule(0.01, "cosine", warmup=4, steps=GROUPS, floor=0.1)
    for number in range(1, GROUPS + 1):
        card.set_rates(schedule.rate(number))
        loss, correct = card.train([sub_batch() for _ in range(GROUP)], "cross_entropy")
        if number % 8 == 0:
            samples = SUB_BATCH * GROUP
            print(f"group {number}: loss {loss / samples:.3f}, {correct} of {samples} correct")


def test(card, sub_batches=16):
    correct = 0
    for _ in range(sub_batches):
        samples, labels = sub_batch()
        correct += sum(p == l for p, l in zip(card.infer(samples), labels))
    print(f"new patterns: {correct} of {sub_batches * SUB_BATCH} correct")
    return correct / (sub_batches * SUB_BATCH)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: train.py SOCKET")
    random.seed(1)
    with h2.Card(sys.argv[1]) as card:
        identify(card)
        same = round_trip(card)
        train(card)
        accuracy = test(card)
        print(f"{card.seconds * 1e6:.1f} us of simulated time")
    return 0 if same and accuracy > 0.8 else 1


if __name__ == "__main__":
    sys.exit(main())
