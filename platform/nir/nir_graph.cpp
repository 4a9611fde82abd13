// SPDX-License-Identifier: Apache-2.0
#include "platform/nir/nir_graph.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
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

/// Edges by their first node.
std::map<std::string, std::string> read_edges(const Hdf5File& file,
                                              const std::vector<std::string>& names) {
  const std::vector<std::string> ends = file.texts("node/edges");
  std::map<std::string, std::string> next;
  std::set<std::string> reached;
  const auto known = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw InputError(file.path() + ": an edge names '" + name + "', which is no node");
    }
  };
  for (std::size_t i = 0; i + 1 < ends.size(); i += 2) {
    known(ends[i]);
    known(ends[i + 1]);
    if (!next.emplace(ends[i], ends[i + 1]).second) {
      NirNode(file, ends[i]).refuse("has several successors; legal: a chain of nodes");
    }
    if (!reached.insert(ends[i + 1]).second) {
      NirNode(file, ends[i + 1]).refuse("has several predecessors; legal: a chain of nodes");
    }
  }
  return next;
}

}  // namespace

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

std::vector<NirNode> nir_chain(const Hdf5File& file) {
  if (!file.has("node/type") || only_text(file, "node/type") != "NIRGraph") {
    throw InputError(file.path() + ": holds no NIR graph: /node/type is not NIRGraph");
  }
  const std::vector<std::string> names = file.members(kNodes);
  std::map<std::string, std::string> next = read_edges(file, names);
  std::vector<NirNode> chain;
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
  return chain;
}

}  // namespace h2
