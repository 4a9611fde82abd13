// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "platform/data/hdf5_file.h"

namespace h2 {

/// One node of a NIR file, whose members are arrays in the group node/nodes/<name>.
class NirNode {
 public:
  NirNode(const Hdf5File& file, std::string name);
  const std::string& name() const { return name_; }
  const std::string& type() const { return type_; }

  bool has(const std::string& member) const;
  Hdf5Array array(const std::string& member) const;
  /// The text of a member that is one, "" otherwise.
  std::string text(const std::string& member) const;
  /// The one value of all neurons. Throws InputError if they differ.
  double uniform(const std::string& member) const;
  /// The same, `otherwise` where the node has no such member.
  double uniform(const std::string& member, double otherwise) const;
  /// One or two equal whole numbers, as a kernel's side. Throws InputError.
  int side(const std::string& member) const;
  /// Throws InputError: the file, the node, and why it is not mapped.
  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  const Hdf5File* file_;
  std::string name_, type_;
};

/// Neurons of the types LIF, IF and CubaLIF.
bool nir_fires(const std::string& type);
/// Neurons that are read, of the types LI, I and CubaLI.
bool nir_is_read_out(const std::string& type);

/// The nodes from Input to Output, and shortcuts: neurons -> the neurons whose spikes they get
/// beside the sums of their weights.
struct NirChain {
  std::vector<NirNode> nodes;
  std::map<std::string, std::string> shortcuts;
};

/// Throws InputError where the nodes are no chain with shortcuts.
NirChain nir_chain(const Hdf5File& file);

}  // namespace h2
