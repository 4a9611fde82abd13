// SPDX-License-Identifier: Apache-2.0
#include "platform/nir/nir_graph.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <utility>

#include "modules/base/error.h"

namespace h2 {
namespace {

const char* const kNodes = "node/nodes";

std::string only_text(const Hdf5File& file, const std::string& name) {
  const std::vector<std::string> texts = file.texts(name);
  if (texts.size() != 1) throw InputError(file.path() + ": /" + name + " is not one text");
  return texts.front();
}

const char* const kLegal = "; legal: a chain of nodes, and spikes of one layer into neurons above";

/// The nodes that lead to each node.
using Predecessors = std::map<std::string, std::vector<std::string>>;

Predecessors read_edges(const Hdf5File& file, const std::vector<std::string>& names) {
  const std::vector<std::string> ends = file.texts("node/edges");
  Predecessors before;
  for (std::size_t i = 0; i + 1 < ends.size(); i += 2) {
    for (const std::string& name : {ends[i], ends[i + 1]}) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      throw InputError(file.path() + ": an edge names '" + name + "', which is no node");
    }
    before[ends[i + 1]].push_back(ends[i]);
  }
  return before;
}

/// Takes spikes of other layers from what leads to neurons beside their weights.
std::map<std::string, std::string> take_shortcuts(const Hdf5File& file, Predecessors& before) {
  std::map<std::string, std::string> shortcuts;
  for (auto& [name, from] : before) {
    if (from.size() < 2) continue;
    const NirNode node(file, name);
    const bool neurons = nir_fires(node.type()) || nir_is_read_out(node.type());
    const auto spikes = std::stable_partition(from.begin(), from.end(), [&](const std::string& n) {
      return !nir_fires(NirNode(file, n).type());
    });
    if (!neurons || spikes - from.begin() != 1 || from.end() - spikes != 1) {
      node.refuse("has several predecessors" + std::string(kLegal));
    }
    shortcuts[name] = *spikes;
    from.pop_back();
  }
  return shortcuts;
}

/// The one node that follows each.
std::map<std::string, std::string> successors(const Hdf5File& file, const Predecessors& before) {
  std::map<std::string, std::string> next;
  for (const auto& [name, from] : before) {
    if (next.emplace(from.front(), name).second) continue;
    NirNode(file, from.front()).refuse("has several successors" + std::string(kLegal));
  }
  return next;
}

}  // namespace

bool nir_fires(const std::string& type) {
  return type == "LIF" || type == "IF" || type == "CubaLIF";
}

bool nir_is_read_out(const std::string& type) {
  return type == "LI" || type == "I" || type == "CubaLI";
}

NirNode::NirNode(const Hdf5File& file, std::string name) : file_(&file), name_(std::move(name)) {
  type_ = only_text(file, std::string(kNodes) + "/" + name_ + "/type");
}

bool NirNode::has(const std::string& member) const {
  return file_->has(std::string(kNodes) + "/" + name_ + "/" + member);
}

Hdf5Array NirNode::array(const std::string& member) const {
  if (!has(member)) refuse("lacks '" + member + "'");
  return file_->numbers(std::string(kNodes) + "/" + name_ + "/" + member);
}

std::string NirNode::text(const std::string& member) const {
  if (!has(member)) return "";
  try {
    return only_text(*file_, std::string(kNodes) + "/" + name_ + "/" + member);
  } catch (const InputError&) {
    return "";
  }
}

double NirNode::uniform(const std::string& member) const {
  const Hdf5Array found = array(member);
  if (found.values.empty()) refuse("has an empty '" + member + "'");
  const auto [least, most] = std::minmax_element(found.values.begin(), found.values.end());
  if (!std::isfinite(*least) || !std::isfinite(*most)) {
    refuse("has a '" + member + "' that is not finite");
  }
  if (*least != *most) {
    std::ostringstream text;
    text << "has neurons of different '" << member << "', " << *least << " to " << *most
         << "; legal: one value for all";
    refuse(text.str());
  }
  return *least;
}

double NirNode::uniform(const std::string& member, double otherwise) const {
  return has(member) ? uniform(member) : otherwise;
}

int NirNode::side(const std::string& member) const {
  const double value = uniform(member);
  if (value != std::floor(value) || value < 0 || value > 4096) {
    refuse("has a '" + member + "' that is no whole number in 0..4096");
  }
  return static_cast<int>(value);
}

void NirNode::refuse(const std::string& reason) const {
  throw InputError(file_->path() + ": node '" + name_ + "' (" + type_ + ") " + reason);
}

NirChain nir_chain(const Hdf5File& file) {
  if (!file.has("node/type") || only_text(file, "node/type") != "NIRGraph") {
    throw InputError(file.path() + ": holds no NIR graph: /node/type is not NIRGraph");
  }
  const std::vector<std::string> names = file.members(kNodes);
  Predecessors before = read_edges(file, names);
  NirChain graph;
  graph.shortcuts = take_shortcuts(file, before);
  const std::map<std::string, std::string> next = successors(file, before);
  std::vector<NirNode>& chain = graph.nodes;
  for (const std::string& name : names) {
    const NirNode node(file, name);
    if (node.type() != "Input") continue;
    if (!chain.empty()) node.refuse("is a second input");
    chain.push_back(node);
  }
  if (chain.empty()) throw InputError(file.path() + ": has no node of type Input");
  while (chain.back().type() != "Output") {
    const auto found = next.find(chain.back().name());
    if (found == next.end()) chain.back().refuse("has no successor, and is no Output");
    if (chain.size() > names.size()) chain.back().refuse("is part of a loop");
    chain.emplace_back(file, found->second);
  }
  if (chain.size() != names.size()) {
    throw InputError(file.path() + ": " + std::to_string(names.size() - chain.size()) +
                     " nodes lie beside the chain from input to output");
  }
  return graph;
}

}  // namespace h2
