#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`pip install .` as documented, without a package index, with the program that was built; the
package works outside this tree.

usage: install_test.py H2VP SOURCE_DIR
"""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

CHECK = """
import h2vp, numpy, os
assert "site-packages" in h2vp.__file__, h2vp.__file__
assert h2vp.program().endswith("h2vp/bin/h2vp"), h2vp.program()
assert os.path.exists(os.path.join(os.path.dirname(h2vp.__file__), "py.typed"))
config = {"network": {"layers": "4C3-10FC", "input": {"channels": 2, "height": 8, "width": 8}},
          "profile": {"sub_batches": 2}}
with h2vp.Card(config) as card:
    assert "site-packages" in os.environ["H2_LIBRARY"], os.environ["H2_LIBRARY"]
    assert card.forward(numpy.zeros((2, 10, 2, 8, 8))).shape == (2, 10)
print(h2vp.version(), h2vp.profile(config).summary["time"]["cycles"], "cycles")
"""


def main():
    if importlib.util.find_spec("skbuild") is None or importlib.util.find_spec("ensurepip") is None:
        print("python3-skbuild or python3-venv is not installed")
        sys.exit(77)
    source = pathlib.Path(sys.argv[2])
    environment = {k: v for k, v in os.environ.items() if k not in ("H2VP", "PYTHONPATH")}
    environment.update(H2VP_PROGRAM=os.path.abspath(sys.argv[1]), PIP_NO_INDEX="1",
                       PIP_DISABLE_PIP_VERSION_CHECK="1")
    with tempfile.TemporaryDirectory() as work:
        # What setup.py reads, so that nothing is written into the tree.
        copy = pathlib.Path(work) / "source"
        shutil.copytree(source / "python", copy / "python")
        shutil.copytree(source / "platform" / "library", copy / "platform" / "library")
        for name in ("setup.py", "pyproject.toml"):
            shutil.copy(source / name, copy / name)
        run = lambda *line: subprocess.run(line, check=True, cwd=work, env=environment)  # noqa: E731
        run("/usr/bin/python3", "-m", "venv", "--system-site-packages", "env")
        run("env/bin/pip", "install", "--quiet", "--no-build-isolation", str(copy))
        run("env/bin/python", "-c", CHECK)


if __name__ == "__main__":
    main()
