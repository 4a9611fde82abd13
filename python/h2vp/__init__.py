# SPDX-License-Identifier: Apache-2.0
"""H2Learn-VP from Python: trains, profiles and classifies on the simulated accelerator.

    import h2vp
    result = h2vp.train("configs/quickstart.yaml", {"training.epochs": 2})
    result.summary["result"]["test_accuracy"]
    result.weights["conv1"]                      # numpy.float16, OIHW

Every run is a process of its own of the program h2vp: SystemC elaborates once per process. Results
are plain dictionaries and NumPy arrays, tables pandas frames where pandas is installed.
`from_torch` turns a PyTorch module into a configuration and weights; a `Card` computes the passes of
a training loop of one's own.
"""

from ._card import Card
from ._network import Network, Unsupported
from ._neurons import LI, LIF
from ._program import Error, describe, load_config, program, version
from ._result import Result
from ._run import data, infer, profile, run, traffic, train
from ._torch import from_torch

__all__ = ["Card", "Error", "LI", "LIF", "Network", "Result", "Unsupported", "data", "describe",
           "from_torch", "infer", "load_config", "profile", "program", "run", "traffic", "train",
           "version"]
