# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # the lists are used by the scripts that source this file
# Shared by quickstart.sh and tests/run.sh: what the machine needs, and the build. Both run in the
# root of the source tree and build into build/.

build_packages=(g++ cmake ninja-build pkg-config libsystemc-dev libboost-program-options-dev
  libboost-iostreams-dev zlib1g-dev libpng-dev libjpeg-dev libhdf5-dev libyaml-cpp-dev
  nlohmann-json3-dev libssl-dev libelf-dev libjs-chart.js
  libopenmpi-dev libboost-mpi-dev)
# gnuplot draws the figures of h2vp experiment. GTKWave (on a screen of Xvfb), its converters and
# sigrok read the waveforms back; Chromium opens the reports.
test_packages=(gnuplot-nox libgtest-dev libbenchmark-dev gtkwave xvfb xauth sigrok-cli python3
  gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf gdb-multiarch lldb-19 qemu-system-misc chromium valgrind
  git parallel openmpi-bin clang-format clang-tidy shellcheck device-tree-compiler python3-numpy python3-h5py python3-pil
  python3-pandas python3-pip python3-skbuild python3-venv dpkg-dev file iverilog)
# tests/fuzz/campaign.sh.
fuzz_packages=(clang libclang-rt-dev)
# tests/coverage.sh and the target docs.
coverage_packages=(gcovr)
docs_packages=(doxygen)

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# install_packages NAME...: installs those that are missing, as root or through sudo.
install_packages() {
  local missing=() as_root=() package
  if ! command -v dpkg-query > /dev/null; then
    echo "Not a Debian system; needed are the counterparts of: $*"
    return
  fi
  for package in "$@"; do
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)" != installed ]; then
      missing+=("$package")
    fi
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || fail "run as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq || echo "Package lists are not up to date."
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}" ||
    fail "packages could not be installed: ${missing[*]}"
}

# build_tree OPTION...: configures with these CMake options and builds on all processors. A build
# folder that exists keeps its generator.
build_tree() {
  local generator=(-G Ninja)
  if [ -e build/CMakeCache.txt ]; then generator=(); fi
  cmake -S . -B build "${generator[@]}" "$@" || fail "configuring failed"
  cmake --build build --parallel "$(nproc)" || fail "the build failed"
}
