#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which command each accelerator takes: it runs, or is refused by an error that names the accelerator
or the option and what is legal. No third outcome.

matrix_test.py H2VP SOURCE_DIR FIRMWARE_DIR
"""

from pathlib import Path

from hostile import FIRMWARE, SOURCE, Hostile, main, run

CONFIGS = {"h2learn": "quickstart", "sata": "sata_quickstart", "spinalflow": "spinalflow",
           "spinaps": "spinaps", "multicore": "multicore_quickstart"}
SMALL = ["dataset.train_limit=8", "dataset.test_limit=4", "profile.sub_batches=1",
         "trace.vcd.enable=false"]
# Command with its options, and what is refused where: a part of the message. Missing: it runs.
MATRIX = [
    (["config"], {}),
    (["regs"], {}),
    (["traffic", "--requests", "100"], {}),
    (["train"], {"spinalflow": "accelerator: spinalflow infers only; legal here: h2learn"}),
    (["train", "--dry-run"], {"spinalflow": "accelerator: spinalflow infers only",
                              "spinaps": "accelerator: spinaps is trained on the host"}),
    (["profile"], {"spinaps": "accelerator: spinaps is trained on the host"}),
    (["check"], {"spinalflow": "accelerator: spinalflow infers only",
                 "spinaps": "accelerator: spinaps is trained on the host"}),
    (["train", "--golden", "golden"],
     {"spinalflow": "accelerator: spinalflow infers only",
      "spinaps": "--golden: accelerator spinaps is trained on the host"}),
    (["train", "--golden-units", "conv1"],
     {"spinalflow": "accelerator: spinalflow infers only", "multicore": "--golden-units: ",
      "spinaps": "--golden-units: accelerator spinaps"}),
    (["train", "--resume", "nowhere"],
     {"h2learn": "--resume nowhere", "sata": "--resume nowhere", "multicore": "--resume nowhere",
      "spinalflow": "accelerator: spinalflow infers only",
      "spinaps": "--resume: accelerator spinaps"}),
    (["infer", "--weights", "nowhere"],
     {"h2learn": "nowhere/conv1.w.npy: cannot be opened",
      "sata": "nowhere/conv1.w.npy: cannot be opened",
      "multicore": "nowhere/conv1.w.npy: cannot be opened",
      "spinalflow": "nowhere/conv1.w.npy: cannot be opened",
      "spinaps": "nowhere/fc1.w.npy: cannot be opened"}),
    (["train", "--set", "training.replicas=2", "--set", "cluster.cards=2", "--set",
      "training.batch_group=2", "--set", "training.sub_batch=2"],
     {accelerator: "cluster.cards: 2 contradicts accelerator"
      for accelerator in ("spinalflow", "spinaps", "multicore")}),
    (["export", "--weights", "nowhere"], dict.fromkeys(CONFIGS, "nowhere/")),
    (["infer-spikes", "--weights", "nowhere"],
     {"h2learn": "accelerator: h2vp infer-spikes runs on spinalflow",
      "sata": "accelerator: h2vp infer-spikes runs on spinalflow",
      "multicore": "accelerator: h2vp infer-spikes runs on spinalflow",
      "spinalflow": "nowhere/conv1.w.npy: cannot be opened",
      "spinaps": "accelerator: h2vp infer-spikes runs on spinalflow"}),
]
# SpinalFlow's machine alone has no network: sums of several parts, whose lists are as long as their
# buffers. No data set but generated digits is there everywhere.
NETWORK = {"spinalflow": ["network.layers=8C3-10FC", "network.input.channels=1",
                          "network.input.height=28", "network.input.width=28",
                          "network.timesteps=4", "dataset.kind=digits",
                          "dataset.coding=first_spike"],
           "spinaps": ["dataset.kind=digits"]}
KEYS = {
    "sata": [("neuron.alpha=0.5", "neuron.alpha"), ("memory.organisation=unified", "memory.organisation"),
             ("memory.compress_gradients=true", "memory.compress_gradients"),
             ("dataflow.fc_weight_gradient=per_group", "dataflow.fc_weight_gradient"),
             ("sata.ann=true", "network.timesteps")],
    "spinaps": [("network.layers=8FC-10FC", "network.layers"), ("spinaps.kernels=64", "spinaps.kernels"),
                ("spinaps.deadline=1024", "spinaps.deadline"),
                ("spinaps.buffer_bytes=64", "spinaps.buffer_bytes"),
                ("spinaps.arrays=1", "spinaps."), ("training.replicas=2", "training.replicas"),
                ("federated.local_epochs=1", "federated.local_epochs"),
                ("cluster.cards=2", "cluster.cards")],
    "spinalflow": [("cluster.cards=2", "cluster.cards")],
    "multicore": [("cluster.cards=2", "cluster.cards"),
                  ("memory.compress_gradients=true", "memory.compress_gradients")],
}


def small(sets):
    return [word for key in sets for word in ("--set", key)]


class Matrix(Hostile):
    def test_commands(self):
        for accelerator, name in CONFIGS.items():
            config = SOURCE / f"configs/{name}.yaml"
            for command, refused in MATRIX:
                with self.subTest(accelerator=accelerator, command=command):
                    sets = small(SMALL + NETWORK.get(accelerator, []))
                    code, message = run(command[0], config, *command[1:], *sets, "--quiet", "--out",
                                        "out", "--threads", "1")
                    if accelerator not in refused:
                        self.assertEqual(code, 0, message)
                        continue
                    self.assertEqual(code, 2, message)
                    self.assertIn(refused[accelerator], message)

    def test_firmware(self):
        for accelerator, name in CONFIGS.items():
            if accelerator == "spinaps":
                continue
            code, message = run("firmware", SOURCE / f"configs/{name}.yaml", "--elf",
                                FIRMWARE / "hello.elf", "--quiet", "--max-instructions", "20000000",
                                *small(SMALL))
            # The program looks for an H2Learn card and says what it finds.
            self.assertIn(code, (0, 1), message)
            self.assertEqual(code == 0, accelerator != "spinalflow", (accelerator, message))

    def test_keys(self):
        for accelerator, keys in KEYS.items():
            config = SOURCE / f"configs/{CONFIGS[accelerator]}.yaml"
            for change, key in keys:
                with self.subTest(accelerator=accelerator, change=change):
                    code, message = run("config", config, "--set", change)
                    self.assertEqual(code, 2, message)
                    self.assertIn(key, message)


if __name__ == "__main__":
    main()
