# SPDX-License-Identifier: Apache-2.0
"""The accelerator's neurons as a torch module. PyTorch is imported only where it is used."""


def LIF(alpha=0.25, threshold=0.5, width=1.0):
    """Neurons of the accelerator as a torch module: u' = alpha u (1 - s) + i, s = u' >= threshold;
    the gradient of the spike is a rectangle of `width` around the threshold. The state is kept from
    call to call, one timestep each; `reset()` forgets it."""
    import torch

    class Spike(torch.autograd.Function):
        """Step forward, rectangle backward."""

        @staticmethod
        def forward(ctx, u):
            ctx.save_for_backward(u)
            return (u >= threshold).to(u.dtype)

        @staticmethod
        def backward(ctx, grad):
            (u,) = ctx.saved_tensors
            return grad * ((u - threshold).abs() < width / 2).to(grad.dtype)

    class Neurons(torch.nn.Module):
        """See h2vp.LIF."""

        def __init__(self):
            super().__init__()
            self.alpha, self.threshold, self.width = alpha, threshold, width
            self.reset()

        def reset(self):
            """Forgets potentials and spikes."""
            self.u = self.s = None

        def forward(self, current):
            """One timestep."""
            if self.u is None:
                self.u = current
            else:
                self.u = self.alpha * self.u * (1 - self.s) + current
            self.s = Spike.apply(self.u)
            return self.s

    Neurons.__name__ = Neurons.__qualname__ = "LIF"
    return Neurons()


def LI(alpha=0.25):
    """A read-out of the accelerator as a torch module: u' = alpha u + i, which never fires; what it
    gives is u. The class of a sample is that of the largest mean over the timesteps. The state is
    kept from call to call; `reset()` forgets it."""
    import torch

    class Potentials(torch.nn.Module):
        """See h2vp.LI."""

        def __init__(self):
            super().__init__()
            self.alpha = alpha
            self.reset()

        def reset(self):
            """Forgets the potentials."""
            self.u = None

        def forward(self, current):
            """One timestep."""
            self.u = current if self.u is None else self.alpha * self.u + current
            return self.u

    Potentials.__name__ = Potentials.__qualname__ = "LI"
    return Potentials()
