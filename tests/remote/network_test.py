# SPDX-License-Identifier: Apache-2.0
"""Networks, rates and a server of one's own through h2.py: network_test.py CONFIG

What a rate and a decay do to the weights is computed from the weights of a step with another rate.
"""

import pathlib
import random
import sys

import h2

SIDE, CLASSES = 9, 4
failures = 0


def expect(holds, text):
    global failures
    if not holds:
        print(f"FAILED {text}")
        failures += 1


def network(**more):
    return (h2.Network(1, SIDE, SIDE, timesteps=4, sub_batch=4, optimizer="sgd", momentum=0,
                       learning_rate=0.25, loss_scale=256, **more)
            .conv(8, kernel=3, stride=2, padding="valid", pool=False, th_f=0.25)
            .fc(CLASSES, alpha=0.5))


def start_weights(shape):
    numbers = random.Random(1)
    return [[numbers.gauss(0, 0.4) for _ in range(layer.weight_count())] for layer in shape.layers]


def samples():
    numbers = random.Random(2)
    return [numbers.randbytes(SIDE * SIDE) for _ in range(4)], [0, 1, 2, 3]


def step(card, shape, rate=None, decay=0):
    """Weights behind one update from the start weights, without those that are not finite."""
    card.load(shape)
    for number, weights in enumerate(start_weights(shape)):
        card.write_weights(number, weights)
    if rate is not None:
        card.set_rates(rate, decay)
    card.train([samples()], "cross_entropy")
    return [card.read_weights(number) for number in range(len(shape.layers))]


def moves(before, after):
    return [[b - a for a, b in zip(x, y)] for x, y in zip(before, after)]


def close(a, b):
    return all(abs(x - y) < 2e-3 for p, q in zip(a, b) for x, y in zip(p, q))


def rates(card):
    still = step(card, network(), rate=0)
    own, same, twice = (step(card, network(), *rate) for rate in ((), (0.25,), (0.5,)))
    expect(own == same, "the network's own rate, set once more, gives the same weights")
    moved = moves(still, own)
    expect(any(abs(m) > 0.01 for layer in moved for m in layer), "a step moves weights")
    expect(close(moves(still, twice), [[2 * m for m in layer] for layer in moved]),
           "twice the rate moves them twice as far")
    decayed = step(card, network(), 0.25, 0.5)
    expected = [[m - 0.25 * 0.5 * w for m, w in zip(*pair)] for pair in zip(moved, still)]
    expect(close(moves(still, decayed), expected), "the decay takes its share of a weight")


def neurons(card):
    shared, own = network(), network(alpha=0.5)
    other = (h2.Network(1, SIDE, SIDE, 4, 4, 0.25, 256, "sgd", 0, th_f=0.25)
             .conv(8, stride=2, padding="valid", pool=False).fc(CLASSES, alpha=0.5, th_f=0.5))
    expect(step(card, shared) == step(card, other),
           "a threshold of one layer, or of all others, gives the same weights")
    expect(step(card, shared) != step(card, network(beta=0.5)), "a parameter of all layers counts")
    expect(own.shape == (CLASSES, 1, 1) and own.layers[1].cin == 8 * 4 * 4,
           "a convolution without padding and with stride 2 leaves 4x4 of 9x9")


def squares(outputs, labels, of):
    """Gradient of the mean squared error of rates, over `of` samples."""
    steps = network().table.timesteps
    return [2 * (n / steps - (k == label)) / (CLASSES * of * steps)
            for row, label in zip(outputs, labels) for k, n in enumerate(row)]


def refused(action, part):
    try:
        action()
    except (h2.CardError, ValueError) as error:
        expect(part in str(error), f"{part!r} is not in: {error}")
        return
    expect(False, f"not refused: {part}")


def passes(card):
    """Forward, backward and update one by one give the bits of a group; so do two sub-batches whose
    gradients add up."""
    images, labels = samples()
    for groups in ([(images, labels)], [(images[:3], labels[:3]), (images[1:], labels[1:])]):
        of = sum(len(part) for part, _ in groups)
        card.load(network())
        refused(lambda: card.backward([0.0] * CLASSES), "the last forward() had 0")
        for number, weights in enumerate(start_weights(network())):
            card.write_weights(number, weights)
        for number, (part, part_labels) in enumerate(groups):
            outputs = card.forward(part)
            expect(len(outputs) == len(part) and len(outputs[0]) == CLASSES, "rows of outputs")
            refused(card.update, "are not complete")
            card.backward(squares(outputs, part_labels, of), last=number == len(groups) - 1)
        card.update()
        refused(card.update, "are not complete")
        refused(lambda: card.backward([0.0] * of * CLASSES), "")
        found = [card.read_weights(number) for number in range(2)]
        card.load(network())
        for number, weights in enumerate(start_weights(network())):
            card.write_weights(number, weights)
        card.train(groups, "mse")
        expect(found == [card.read_weights(number) for number in range(2)],
               f"{len(groups)} sub-batches, pass by pass, give the weights of a group")
    outputs = card.forward(images)
    gradients = squares(outputs, labels, 4)
    refused(lambda: card.backward(gradients[1:]), "15 numbers, the last forward() had 16")
    refused(lambda: card.backward([float("inf")] + gradients[1:]), "gradients[0] is not finite")
    card.infer(images)
    card.infer(images)
    refused(lambda: card.backward(gradients), "is too long ago")


def extended():
    return (h2.Network(1, SIDE, SIDE, 4, 4, 0.25, 256, "sgd", 0, reset="soft", th_f=0.25)
            .conv(8, stride=2, padding="valid", pool=False, bias=True, surrogate="triangle")
            .conv(8, pool=False, adds=1).fc(CLASSES, bias=True, readout=True, alpha=0.5))


def refuses_extensions(card):
    for shape in (extended(), network(reset="soft"), network(surrogate="atan")):
        try:
            step(card, shape)
            expect(False, "a card without machine.extensions refuses them")
        except h2.CardError as e:
            expect("network table" in str(e), f"it names the table: {e}")


def extensions(card):
    own = (h2.Network(1, SIDE, SIDE, 4, 4).conv(8, pool=False)
           .conv(8, pool=False, adds=1, potentials=True).fc(CLASSES)).neurons()
    expect(own[1].kind == 1 << 8 | 1 << 14 and own[2].kind == 0, "potentials of the layer below")
    refused(lambda: h2.Network(1, SIDE, SIDE, 4, 4).conv(8).conv(8, potentials=True), "adds is 0")
    shape = extended()
    starts = start_weights(shape)
    constant = [taps for out in range(8) for taps in range(out * 18 + 9, out * 18 + 18)]
    for at in constant:
        starts[0][at] = 0
    card.load(shape)
    for number, weights in enumerate(starts):
        card.write_weights(number, weights)
    card.train([samples()], "cross_entropy")
    after = [card.read_weights(number) for number in range(3)]
    moved = [at for at in constant if after[0][at] != 0]
    expect(moved and all((at - 9) % 18 == 4 for at in moved), f"biases move alone: {moved}")
    expect(len(after[2]) == CLASSES * (8 * 16 + 1), "a read-out with bias has an input more")
    expect(all(0 <= label < CLASSES for label in card.infer(samples()[0])), "classes are read")


def schedules():
    line = h2.Schedule(1, warmup=4)
    expect([line.rate(n) for n in (1, 2, 4, 9)] == [0.25, 0.5, 1, 1], "a rise in a line")
    steps = h2.Schedule(1, "step", every=2, factor=0.5)
    expect([steps.rate(n) for n in (1, 2, 3, 5)] == [1, 1, 0.5, 0.25], "steps")
    cosine = h2.Schedule(1, "cosine", steps=8, floor=0.5)
    expect(cosine.rate(1) == 1 and abs(cosine.rate(5) - 0.75) < 1e-6 and
           cosine.rate(99) == 0.5, "half a cosine")


def main():
    config = sys.argv[1]
    with h2.Server(config, {"host.cycles_per_sub_batch": 1}) as server:
        with h2.Card(server.socket) as card:
            rates(card)
            neurons(card)
            passes(card)
            refuses_extensions(card)
        schedules()
        folder = pathlib.Path(server.socket).parent
    expect(not folder.exists(), "the server leaves nothing")
    with h2.Server(config, {"host.cycles_per_sub_batch": 1, "machine.extensions": "true"}) as server:
        with h2.Card(server.socket) as card:
            extensions(card)
    try:
        h2.Server(config, {"clock_mhz": 0})
        expect(False, "an illegal key ends the server")
    except RuntimeError as e:
        expect("clock_mhz" in str(e), f"the server says what is illegal: {e}")
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
