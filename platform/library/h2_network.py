# SPDX-License-Identifier: Apache-2.0
"""Layers of a network, checked one by one."""

import h2_arguments as check
from h2_structures import ADAM, CONV, ENCODING, FC, POOL_AFTER_SOMA, Layer, Table


class Network:
    """Layers of a network and how it is trained. Methods add a layer and return the network.
    `alpha`, the decay of the potentials, is 0.25, or that of the card if it has only one; the card
    refuses another."""

    def __init__(self, channels, height, width, timesteps, sub_batch, learning_rate=0.01,
                 loss_scale=1024, alpha=None):
        self.shape = (check.integer(channels, "channels", 1, 1 << 26),
                      check.integer(height, "height", 1, 4096),
                      check.integer(width, "width", 1, 4096))
        self.input_shape = self.shape
        self.planes = 1
        self.any_alpha = alpha is None
        alpha = 0.25 if alpha is None else check.real(alpha, "alpha")
        self.layers = []
        self.table = Table(timesteps=check.integer(timesteps, "timesteps", 1, 1024),
                           sub_batch=check.integer(sub_batch, "sub_batch", 1, 1024),
                           optimizer=ADAM, alpha=alpha, th_f=0.5, th_l=0, th_r=1, beta=1,
                           learning_rate=check.real(learning_rate, "learning_rate"), beta1=0.9,
                           beta2=0.999, epsilon=1e-8,
                           loss_scale=check.real(loss_scale, "loss_scale"))

    def conv(self, channels, kernel=3, pool=True, encoding=None):
        """A convolution with stride 1; `pool`: then average pooling of 2x2. `encoding` (the first
        layer unless told otherwise): the input is pixels, bytes [C][H][W]; if not, 0/1 bytes
        [T][C][H][W]."""
        if self.layers and self.layers[-1].kind == FC:
            raise ValueError("a convolution cannot follow a fully connected layer")
        encoding = not self.layers if encoding is None else encoding
        if encoding and self.layers:
            raise ValueError("encoding: only the first layer can read pixels")
        if check.integer(kernel, "kernel", 1, 31) % 2 == 0:
            raise ValueError(f"kernel is {kernel}: legal are odd sizes")
        cin, height, width = self.shape
        if pool and min(height, width) < 2:
            raise ValueError(f"pool: a map of {height}x{width} cannot be halved")
        self.layers.append(Layer(
            kind=CONV, flags=ENCODING if encoding else 0, pool=POOL_AFTER_SOMA if pool else 0,
            planes=8 if encoding else self.planes, cin=cin,
            cout=check.integer(channels, "channels", 1, 1 << 20), kernel=kernel, stride=1,
            in_height=height, in_width=width))
        self.shape = (channels, height // 2, width // 2) if pool else (channels, height, width)
        self.planes = 3 if pool else 1
        return self

    def fc(self, channels):
        """A fully connected layer."""
        cin, height, width = self.shape
        cin = check.integer(cin * height * width, "inputs of the layer", 1, 1 << 26)
        self.layers.append(Layer(kind=FC, planes=self.planes, cin=cin,
                                 cout=check.integer(channels, "channels", 1, 1 << 20), kernel=1,
                                 stride=1, in_height=1, in_width=1))
        self.shape, self.planes = (channels, 1, 1), 1
        return self

    def classes(self):
        """Outputs of the last layer."""
        return self.layers[-1].cout

    def sample_shapes(self):
        """Shapes that an array of one sample may have: [C][H][W] of pixels, [H][W] of one channel,
        or [T][C][H][W] of spikes."""
        if not self.layers[0].flags & ENCODING:
            return [(self.table.timesteps,) + self.input_shape]
        return [self.input_shape] + ([self.input_shape[1:]] if self.input_shape[0] == 1 else [])
