# SPDX-License-Identifier: Apache-2.0
"""The Python package h2vp with the program and the driver inside. With Debian's python3-skbuild:

    /usr/bin/python3 -m venv --system-site-packages env
    env/bin/pip install --no-build-isolation .

H2VP_PROGRAM in the environment names a program that exists, with libh2.so beside it; they are taken
instead of a build."""

import os

from skbuild import setup

PROGRAM = os.environ.get("H2VP_PROGRAM", "")

setup(
    name="h2vp",
    version="0.2.0",
    description="SystemC/TLM-2.0 virtual platform of the H2Learn spiking-network trainer",
    license="Apache-2.0",
    python_requires=">=3.9",
    install_requires=["numpy"],
    packages=["h2vp"],
    package_dir={"": "python"},
    package_data={"h2vp": ["py.typed", "*.pyi"]},
    cmake_source_dir="python",
    cmake_install_dir="python",
    cmake_args=[f"-DH2VP_PROGRAM={os.path.abspath(PROGRAM)}"] if PROGRAM else [],
)
