// SPDX-License-Identifier: Apache-2.0
#error "this folder knows no simulator: SystemC and TLM belong to the modules of h2platform"
