#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The package h2vp: runs, results, progress, errors.

usage: package_test.py H2VP SOURCE_DIR  (with the package on PYTHONPATH)
"""

import inspect
import json
import pathlib
import sys
import tempfile

import numpy

import h2vp

SOURCE = pathlib.Path(sys.argv[2])
SMALL = {
    "include": str(SOURCE / "configs" / "h2learn.yaml"),
    "network": {"layers": "8C3(Encoding)-AP2-10FC", "timesteps": 2,
                "input": {"channels": 1, "height": 28, "width": 28}},
    "dataset": {"kind": "digits", "train_limit": 40, "test_limit": 20},
    "training": {"epochs": 2, "batch_group": 2, "loss_scale": 1024},
}


def raises(kind, action, *parts):
    try:
        action()
    except kind as error:
        for part in parts:
            assert part in str(error), f"{part!r} is not in: {error}"
        return error
    raise AssertionError(f"no {kind.__name__}")


def configurations():
    config = h2vp.load_config(SMALL, {"training.epochs": 3}, training__seed=7)
    assert config["training"]["epochs"] == 3 and config["training"]["seed"] == 7
    assert config["clock_mhz"] == 800
    text = h2vp.load_config(SOURCE / "configs" / "quickstart.yaml")
    assert text["dataset"]["kind"] == "digits"
    error = raises(h2vp.Error, lambda: h2vp.load_config(SMALL, {"training.epoch": 3}),
                   "training.epoch")
    assert error.code == 2 and error.folder is None
    assert h2vp.version() and "busy_cycles" in h2vp.describe()


def trains():
    seen = []
    result = h2vp.train(SMALL, threads=1, golden=[0, 1], progress=seen.append)
    summary = result.summary
    assert summary["complete"] and len(summary["result"]["epochs"]) == 2
    assert result.accuracy == summary["result"]["test_accuracy"]
    assert {"conv1", "fc1"} == set(result.weights)
    assert result.weights["conv1"].shape == (8, 1, 3, 3)
    assert result.weights["conv1"].dtype == numpy.float16
    assert sorted(result.golden) == [0, 1]
    assert result.golden[0]["conv1.s"].dtype == numpy.uint8
    assert isinstance(result.stats, dict) and result.stats
    trained = [p for p in seen if p["phase"] == "train"]
    assert trained and trained[-1]["sub_batch"] <= trained[-1]["of"] == 20
    assert 0 <= trained[0]["accuracy"] <= 1 and trained[0]["loss"] > 0
    assert result.report().read_text().startswith("<!")
    return result


def infers(trained):
    found = h2vp.infer(SMALL, trained.weights, threads=1)
    assert found.accuracy == trained.accuracy, (found.accuracy, trained.accuracy)
    assert found.predictions.shape == (20,) and found.confusion.sum() == 20
    assert numpy.trace(found.confusion) == round(found.accuracy * 20)
    with tempfile.TemporaryDirectory() as out:
        again = h2vp.infer(SMALL, trained.folder / "weights", out=out)
        assert (pathlib.Path(out) / "predictions.npy").exists()
        assert numpy.array_equal(again.predictions, found.predictions)
    raises(h2vp.Error, lambda: h2vp.infer(SMALL, {"conv1": numpy.zeros((8, 1, 3, 3))}), "fc1.w.npy")
    raises(FileNotFoundError, lambda: h2vp.infer(SMALL, "/nowhere"), "/nowhere")


def times_and_loads():
    timed = h2vp.profile(SMALL, {"profile.sub_batches": 4})
    assert timed.summary["time"]["cycles"] > 0 and "result" not in timed.summary
    raises(FileNotFoundError, lambda: timed.golden, "golden=True")
    loaded = h2vp.traffic(SMALL, arguments=("--requests", "100"))
    assert loaded.summary
    try:
        import pandas
    except ImportError:
        print("       pandas is not installed: frames are not tested")
        return
    frame = timed.frame()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == len(timed.summary["layers"])
    assert set(frame["engine"]) <= {"forward", "backward", "weight_update"}


def shows_data():
    arrays = h2vp.data(SMALL, samples=True)
    assert arrays["train_samples"].shape == (40, 1, 28, 28)
    assert arrays["test_labels"].tolist().count(3) == 2
    assert "train  40 samples" in h2vp.data(SMALL)


def refuses():
    raises(ValueError, lambda: h2vp.run("teach", SMALL), "legal: train")
    raises(TypeError, lambda: h2vp.train(SMALL, progress=3), "progress")
    error = raises(h2vp.Error, lambda: h2vp.train(SMALL, {"dataset.kind": "mnist"}), "dataset.path")
    assert error.code == 2


def is_documented():
    """Every public name has a docstring and a line in the stub."""
    stub = (SOURCE / "python" / "h2vp" / "__init__.pyi").read_text()
    for name in h2vp.__all__:
        assert inspect.getdoc(getattr(h2vp, name)), f"{name} has no docstring"
        assert f"def {name}(" in stub or f"class {name}" in stub, f"{name} is not in the stub"
    for kind in (h2vp.Result, h2vp.Card):
        for name, member in vars(kind).items():
            if not name.startswith("_"):
                assert inspect.getdoc(member), f"{kind.__name__}.{name} has no docstring"
                assert f"def {name}(" in stub, f"{kind.__name__}.{name} is not in the stub"
    json.dumps(SMALL)


def main():
    configurations()
    infers(trains())
    for test in (times_and_loads, shows_data, refuses, is_documented):
        test()
        print("ok    ", test.__name__, flush=True)


if __name__ == "__main__":
    main()
