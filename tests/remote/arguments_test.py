# SPDX-License-Identifier: Apache-2.0
"""What h2.py and the driver say about illegal arguments: arguments_test.py SOCKET

Each is refused by an exception that names it, and the card works afterwards.
"""

import array
import random
import sys

import h2

SIDE, CLASSES = 8, 4
failures = 0


def expect(kind, text, call):
    global failures
    try:
        result = call()
    except kind as e:
        if text in str(e):
            return
        print(f"FAILED expected '{text}', got {type(e).__name__}: {e}")
    except Exception as e:
        print(f"FAILED expected {kind.__name__}: {text}, got {type(e).__name__}: {e}")
    else:
        print(f"FAILED accepted: expected '{text}', got {result}")
    failures += 1


def network():
    return h2.Network(1, SIDE, SIDE, timesteps=4, sub_batch=4, loss_scale=1)


def networks(card):
    expect(TypeError, "timesteps is of type float", lambda: h2.Network(1, 8, 8, 4.0, 4))
    expect(ValueError, "height is 0: legal are 1 to 4096", lambda: h2.Network(1, 0, 8, 4, 4))
    expect(ValueError, "sub_batch is -1: legal are 1 to 1024", lambda: h2.Network(1, 8, 8, 4, -1))
    expect(TypeError, "learning_rate is of type str",
           lambda: h2.Network(1, 8, 8, 4, 4, learning_rate="0.1"))
    expect(ValueError, "kernel is 4: legal are odd", lambda: network().conv(8, kernel=4))
    expect(ValueError, "channels is 0", lambda: network().conv(0))
    expect(ValueError, "cannot be halved", lambda: h2.Network(1, 1, 8, 4, 4).conv(8))
    expect(ValueError, "cannot follow a fully connected", lambda: network().fc(4).conv(4))
    expect(ValueError, "only the first layer", lambda: network().conv(4).conv(4, encoding=True))
    expect(ValueError, "stride is 3: legal are 1 to 2", lambda: network().conv(8, stride=3))
    expect(ValueError, "padding is 'full': legal are same, valid",
           lambda: network().conv(8, padding="full"))
    expect(ValueError, "kernel is 9: without padding it does not fit a map of 8x8",
           lambda: network().conv(8, kernel=9, padding="valid"))
    expect(ValueError, "a map of 1x1 cannot be halved",
           lambda: network().conv(8, kernel=7, stride=2, padding="valid"))
    expect(TypeError, "tau is no parameter: of a neuron there are alpha", lambda: network().fc(4, tau=2))
    expect(ValueError, "optimizer is 'lion': legal are sgd, adam",
           lambda: h2.Network(1, 8, 8, 4, 4, optimizer="lion"))
    expect(ValueError, "kind is 'line': legal are constant, step, cosine",
           lambda: h2.Schedule(0.1, "line"))
    expect(ValueError, "steps is 0", lambda: h2.Schedule(0.1, "cosine"))
    expect(ValueError, "step is 0", lambda: h2.Schedule(0.1).rate(0))
    expect(h2.CardError, "neurons[1].alpha is not in 0 to 1",
           lambda: card.load(network().conv(8).fc(CLASSES, alpha=2)))
    expect(ValueError, "load() one first", lambda: card.set_rates(0.1))
    expect(TypeError, "expected h2.Network", lambda: card.load("8C3"))
    expect(ValueError, "no layers", lambda: card.load(network()))
    expect(ValueError, "load() one first", lambda: card.infer([bytes(64)]))
    expect(ValueError, "load() one first", card.confirm_weights)
    # Ranges that the driver knows, with its reason.
    for field, value, reason in (("learning_rate", float("nan"), "learning_rate is not in 0 to 1000"),
                                 ("learning_rate", -1e30, "learning_rate is not in 0 to 1000"),
                                 ("loss_scale", 3, "loss_scale is no power of two"),
                                 ("beta1", 5, "beta1 is not in 0 to below 1"),
                                 ("th_l", 2, "th_l is not below th_r"),
                                 ("flags", 0x80, "flags is 128: legal are 0 to 1")):
        broken = network().conv(8).fc(CLASSES)
        setattr(broken.table, field, value)
        expect(h2.CardError, "illegal argument: table." + reason, lambda: card.load(broken))
    huge = h2.Network(64, 4096, 4096, timesteps=1024, sub_batch=1024).conv(4096)
    expect(h2.CardError, "does not fit the card's memories: a memory has", lambda: card.load(huge))


def bus(card):
    expect(TypeError, "address is of type str", lambda: card.read("0", 4))
    expect(ValueError, "size is 0", lambda: card.read(0, 0))
    expect(ValueError, "address is -1", lambda: card.read(-1, 4))
    expect(TypeError, "data is of type int", lambda: card.write(card.memory(0), 5))
    expect(ValueError, "data is empty", lambda: card.write(card.memory(0), b""))
    expect(TypeError, "data is an array of float64",
           lambda: card.write(card.memory(0), array.array("d", [1])))
    expect(ValueError, "data is not contiguous",
           lambda: card.write(card.memory(0), memoryview(bytes(8))[::2]))
    expect(OSError, "reading 4 bytes at 0x40: refused", lambda: card.read(0x40, 4))
    expect(KeyError, "no register NONSENSE", lambda: card.register("NONSENSE"))
    expect(TypeError, "expected str", lambda: card.register(0))
    expect(ValueError, "TIMEOUT is 4294967296", lambda: card.set_register("TIMEOUT", 1 << 32))
    expect(ValueError, "memory is 3: legal are 0 to 2", lambda: card.memory(3))
    for ns in (0, 10 ** 12 + 1):
        expect(ValueError, f"ns is {ns}: legal are 1 to", lambda: card.wait_irq(ns))


def weights(card):
    expect(ValueError, "layer is 2: legal are 0 to 1", lambda: card.write_weights(2, []))
    expect(ValueError, "layer 0 has 72 weights, not 3", lambda: card.write_weights(0, [1, 2, 3]))
    expect(TypeError, "weights[1] is of type str", lambda: card.write_weights(0, [0, "1"] * 36))
    expect(TypeError, "weights is an array of int32",
           lambda: card.write_weights(0, array.array("i", [0] * 72)))
    expect(ValueError, "weights has the shape (9, 8)", lambda: card.write_weights(
        0, memoryview(array.array("f", [0] * 72)).cast("B").cast("f", [9, 8])))
    expect(TypeError, "weights is of type NoneType", lambda: card.write_weights(0, None))
    for wrong in (float("nan"), float("inf"), 65520.0):
        expect(h2.CardError, "oihw[5] is not finite as the card stores it",
               lambda: card.write_weights(0, [0.0] * 5 + [wrong] + [0.0] * 66))
    expect(TypeError, "layer is of type str", lambda: card.read_weights("conv1"))
    values = [random.gauss(0, 0.3) for _ in range(72)]
    for same in (values, array.array("f", values), array.array("d", values), memoryview(
            array.array("f", values)).cast("B").cast("f", [8, 1, 3, 3])):
        card.write_weights(0, same)
        assert max(abs(a - b) for a, b in zip(card.read_weights(0), values)) < 1e-3
    card.write_weights(1, [random.gauss(0, 0.1) for _ in range(8 * 16 * CLASSES)])


def samples_and_labels(card):
    good, labels = [random.randbytes(SIDE * SIDE) for _ in range(4)], [0, 1, 2, 3]

    def refused(kind, text, samples, labels, loss="cross_entropy"):
        expect(kind, text, lambda: card.train([(good, [0, 1, 2, 3]), (samples, labels)], loss))

    for loss in h2.LOSSES:
        refused(ValueError, "sub_batches[1]: labels[0] is 12: legal are 0 to 3", good, [12] * 4, loss)
        refused(ValueError, "labels[3] is 1000000: legal", good, [0, 0, 0, 1000000], loss)
        refused(ValueError, "labels[0] is -1: legal", good, [-1] * 4, loss)
        refused(ValueError, "sub_batches[1]: 1 labels for 4 samples", good, [1], loss)
    refused(TypeError, "labels[0] is of type float: expected an integer", good, [0.0] * 4)
    refused(TypeError, "labels is of type int", good, 1)
    refused(ValueError, "the number of samples is 5: legal are 1 to 4", good + good[:1], labels + [0])
    refused(ValueError, "the number of samples is 0", [], [])
    refused(ValueError, "samples[2] has 63 bytes, not 64", good[:2] + [bytes(63)] * 2, labels)
    refused(TypeError, "samples[0] is an array of float64: expected uint8 or bool",
            [array.array("d", [0] * 64)] * 4, labels)
    refused(TypeError, "samples[0] is of type list", [[0] * 64] * 4, labels)
    refused(ValueError, "samples[0] is not contiguous", [memoryview(bytes(128))[::2]] * 4, labels)
    refused(ValueError, "samples[0] has the shape (4, 16): legal are (1, 8, 8), (8, 8) and flat",
            [memoryview(bytes(64)).cast("B", [4, 16])] * 4, labels)
    expect(ValueError, "loss is 'mae': legal are mse, cross_entropy",
           lambda: card.train([(good, labels)], "mae"))
    expect(ValueError, "sub_batches is empty", lambda: card.train([]))
    expect(ValueError, "sub_batches[0] has 4 parts", lambda: card.train([good]))
    expect(ValueError, "the number of samples is 5", lambda: card.infer(good + good[:1]))
    shaped = [memoryview(bytearray(s)).cast("B", [1, SIDE, SIDE]) for s in good]
    assert card.infer(shaped) == card.infer(good)
    loss, correct = card.train([(shaped, labels), (good, iter(labels))], "cross_entropy")
    assert 0 < loss < 100 and 0 <= correct <= 8, (loss, correct)


def lost_weights(card):
    """An update that breaks off loses the weights; written anew and confirmed they train again."""
    group = [([random.randbytes(SIDE * SIDE) for _ in range(4)], [0, 1, 2, 3])]

    def write_all():
        card.write_weights(0, [random.gauss(0, 0.3) for _ in range(72)])
        card.write_weights(1, [random.gauss(0, 0.1) for _ in range(8 * 16 * CLASSES)])

    def train_with_fault(after):
        """One group; the memory's answer behind `after` others to the last engine is an error."""
        card.load(network().conv(8).fc(CLASSES))
        card.set_register("INJECT", 1 | 2 << 2 | after << 16)
        try:
            card.train(group)
        except h2.CardError:
            return card.register("STATUS") >> 3 & 1
        return False

    write_all()
    assert any(train_with_fault(after) for after in range(400)), "no fault struck an update"
    expect(h2.CardError, "weights", lambda: card.train(group))
    write_all()
    card.confirm_weights()
    assert card.register("STATUS") >> 3 & 1 == 0
    card.train(group)
    assert card.register("LAST_STEP") == 1


def rings(card):
    """In the host's memory: what is refused, and that work passes through them."""
    place = 0x80001000
    expect(TypeError, "rings is of type str",
           lambda: card.load(network().conv(8).fc(CLASSES), rings="0"))
    expect(h2.CardError, "rings is not at a multiple of 4096",
           lambda: card.load(network().conv(8).fc(CLASSES), rings=place + 4))
    assert card.read(place, 64) == bytes(64)
    card.load(network().conv(8).fc(CLASSES), rings=place)
    card.write_weights(0, [0.2] * 72)
    card.write_weights(1, [0.1] * 8 * 16 * CLASSES)
    assert len(card.infer([bytes(SIDE * SIDE)])) == 1
    assert card.read(place, 64) != bytes(64)


def spikes(card):
    """Without an encoding layer a sample is bits; only the driver looks at each."""
    card.load(h2.Network(2, 1, 1, timesteps=3, sub_batch=2, loss_scale=1).fc(CLASSES))
    card.write_weights(0, [0.5] * 8)
    expect(h2.CardError, "illegal argument: a byte of samples[1] is 7: legal are 0 to 1",
           lambda: card.infer([bytes(6), bytes(5) + b"\7"]))
    assert len(card.infer([bytes(6), b"\1" * 6])) == 2


def numpy_arrays(card):
    try:
        import numpy as np
    except ImportError:
        print("no NumPy: its arrays are not tried")
        return
    card.load(network().conv(8).fc(CLASSES))
    images = np.random.default_rng(1).integers(0, 256, (4, SIDE, SIDE), dtype=np.uint8)
    card.write_weights(0, np.full((8, 1, 3, 3), 0.2, dtype=np.float32))
    card.write_weights(1, np.full(8 * 16 * CLASSES, 0.1))
    card.write_weights(1, np.full((CLASSES, 8 * 16), 0.1, dtype=np.float16))
    card.train([(images, np.arange(4))])
    expect(ValueError, "is not contiguous", lambda: card.infer([i.T for i in images]))
    expect(TypeError, "array of float64", lambda: card.infer(images / 255))
    expect(TypeError, "array of int64", lambda: card.infer(images.astype(np.int64)))
    expect(TypeError, "labels[0] is of type float64",
           lambda: card.train([(images, np.zeros(4))]))
    expect(TypeError, "format >f", lambda: card.write_weights(0, np.zeros(72, dtype=">f4")))


def main():
    random.seed(1)
    with h2.Card(sys.argv[1]) as card:
        networks(card)
        bus(card)
        card.load(network().conv(8).fc(CLASSES))
        weights(card)
        samples_and_labels(card)
        lost_weights(card)
        rings(card)
        spikes(card)
        numpy_arrays(card)
    expect(ValueError, "closed", lambda: card.register("ID"))
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
