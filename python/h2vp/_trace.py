# SPDX-License-Identifier: Apache-2.0
"""What a PyTorch module does when it is called, and how networks are written."""

import numpy


def record(module, example, known, fires):
    """(name, leaf module, first input, first output) in the order of the first calls. Modules whose
    type's name is `known` are leaves. In place of the spikes of neurons, whose type's name `fires`,
    the modules behind them get random numbers: silent neurons would hide what reads them."""
    import torch
    calls, seen, hooks = [], set(), []
    random = torch.Generator().manual_seed(1)  # not the caller's

    def note(name):
        def hook(leaf, inputs, output):
            if name in seen:
                return None
            seen.add(name)
            several = isinstance(output, (tuple, list))
            first = output[0] if several else output
            drawn = fires(type(leaf).__name__)
            if drawn:
                first = torch.rand(first.shape, generator=random).to(first)
            calls.append((name, leaf, inputs[0].detach().clone(), first.detach().clone()))
            if not drawn:
                return None
            return (first, *output[1:]) if several else first
        return hook

    for name, leaf in module.named_modules():
        inside = [m for m in leaf.modules() if m is not leaf]
        if not inside or known(type(leaf).__name__):
            hooks.append(leaf.register_forward_hook(note(name or type(leaf).__name__)))
    try:
        with torch.no_grad():
            module(example)
    finally:
        for hook in hooks:
            hook.remove()
        for leaf in module.modules():
            if type(leaf).__name__ in ("LIF", "LI"):
                leaf.reset()
    return calls


def notation(items):
    """The paper's notation of these layers; "" where it cannot say all."""
    words = []
    for item in items:
        if item == {"type": "pool"}:
            words.append("AP2")
            continue
        if item["type"] == "pool" or item.get("padding", "same") != "same" or not item.keys() <= {
                "type", "channels", "neurons", "kernel", "stride", "padding", "encoding"}:
            return ""
        word = f"{item['neurons']}FC" if item["type"] == "fc" else (
            f"{item['channels']}C{item['kernel']}" + ("S2" if item["stride"] == 2 else ""))
        words.append(word + ("(Encoding)" if item.get("encoding") else ""))
    return "-".join(words)


def input_shape(first):
    """(channels, height, width) that the first module gets, without its batch."""
    name, module, given, _ = first
    if type(module).__name__ == "Conv2d" or given.dim() >= 4:
        return tuple(given.shape[-3:])
    return (int(numpy.prod(given.shape[1:])), 1, 1)
