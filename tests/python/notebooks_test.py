#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Executes the notebooks of examples/python, cell after cell, in a folder of their own.

usage: notebooks_test.py H2VP SOURCE_DIR  (with the package on PYTHONPATH)
"""

import importlib.util
import json
import os
import pathlib
import sys
import tempfile
import traceback


def code_cells(notebook):
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


def execute(notebook):
    names = {"__name__": "__main__"}
    for number, code in enumerate(code_cells(notebook)):
        try:
            exec(compile(code, f"{notebook.name}[{number}]", "exec"), names)
        except Exception:
            traceback.print_exc()
            raise SystemExit(f"{notebook}: code cell {number} failed") from None


def main():
    notebooks = sorted((pathlib.Path(sys.argv[2]) / "examples" / "python").glob("*.ipynb"))
    assert notebooks, "no notebooks"
    os.environ["H2LEARN_CONFIGS"] = os.path.join(os.path.abspath(sys.argv[2]), "configs")
    for notebook in notebooks:
        text = notebook.read_text(encoding="utf-8")
        if "import torch" in text and importlib.util.find_spec("torch") is None:
            print("skipped", notebook.name, "PyTorch is not installed")
            continue
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            execute(notebook)
            os.chdir("/")
        print("ok    ", notebook.name, flush=True)


if __name__ == "__main__":
    main()
