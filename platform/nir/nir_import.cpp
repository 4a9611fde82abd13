// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <sstream>

#include "modules/arithmetic/fp16.h"
#include "modules/base/error.h"
#include "platform/nir/nir_importer.h"

namespace h2 {
namespace {

/// The paper's notation of these layers; empty where it cannot say all.
std::string notation_of(const std::vector<LayerItem>& items) {
  std::string text;
  for (const LayerItem& item : items) {
    if (item.valid || item.bias || item.alpha || item.th_f || item.readout || !item.adds.empty()) {
      return "";
    }
    if (!text.empty()) text += '-';
    if (item.type == LayerItem::Type::pool) {
      text += "AP2";
      continue;
    }
    text += std::to_string(item.size);
    text += item.type == LayerItem::Type::fc ? "FC" : "C" + std::to_string(item.kernel);
    if (item.stride == 2) text += "S2";
    if (item.encoding) text += "(Encoding)";
  }
  return text;
}

}  // namespace

double intended_number(double value) {
  constexpr double kClose = 1e-6;
  const double half = round_fp16(static_cast<float>(value));
  if (std::abs(half - value) <= kClose * std::abs(value)) return half;
  const double decimal = std::round(value * 1e6) / 1e6;
  return std::abs(decimal - value) <= kClose * std::abs(value) ? decimal : value;
}

std::string nir_number(double value) {
  std::ostringstream text;
  text.precision(9);
  text << value;
  return text.str();
}

NirImport NirImporter::run() {
  const NirChain graph = nir_chain(file_);
  shortcuts_ = graph.shortcuts;
  for (const NirNode& node : graph.nodes) take(node);
  out_.layers.notation = notation_of(items_);
  if (out_.layers.notation.empty()) out_.layers.items = items_;
  // What no list of layers can say is refused with its own message.
  build_network(out_.layers, out_.input, options_.timesteps, out_.pool, out_.neuron);
  return out_;
}

void NirImporter::take(const NirNode& node) {
  const std::string& type = node.type();
  if (type == "Input") return take_input(node);
  if (type == "Output") return take_output(node);
  if (type == "Conv2d") return take_convolution(node);
  if (type == "Linear" || type == "Affine") return take_linear(node);
  if (nir_fires(type)) return take_neuron(node);
  if (nir_is_read_out(type)) return take_read_out(node);
  if (type == "AvgPool2d" || type == "SumPool2d") return take_pool(node);
  if (type == "Flatten") return take_flatten(node);
  if (type == "Scale") return take_scale(node);
  node.refuse(
      "is not mapped; legal: Input, Output, Conv2d, Linear, Affine, LIF, IF, CubaLIF, LI, I, "
      "CubaLI, "
      "AvgPool2d, SumPool2d, Flatten, Scale");
}

void NirImporter::take_input(const NirNode& node) {
  const Hdf5Array shape = node.array("shape");
  std::vector<int> sides;
  for (const double side : shape.values) {
    if (side < 1 || side > 65536 || side != std::floor(side)) {
      node.refuse("has a shape that is not of whole numbers in 1..65536");
    }
    sides.push_back(static_cast<int>(side));
  }
  if (sides.size() != 1 && sides.size() != 3) {
    node.refuse("has " + std::to_string(sides.size()) +
                " dimensions; legal: 3 (channels, height, width) or 1");
  }
  sides.resize(3, 1);
  shape_ = out_.input = {sides[0], sides[1], sides[2]};
  out_.encoding = options_.encoding || node.text("metadata/encoding") == "pixels";
}

void NirImporter::take_output(const NirNode& node) {
  if (out_.weights.empty()) node.refuse("follows no layer");
  require_neuron(node, "ends");
  if (input_scale_ != 1) node.refuse("follows a sum or scale of spikes");
}

NirImporter::Leak NirImporter::leak_of(const NirNode& node) const {
  if (!open_) node.refuse("follows no weights");
  const std::string& type = node.type();
  const bool current = type.rfind("Cuba", 0) == 0;
  const double dt = options_.dt;
  double alpha = 1, gain = node.uniform("r");
  if (type == "IF" || type == "I") {
    gain *= dt;
  } else {
    const double tau = node.uniform(current ? "tau_mem" : "tau");
    if (tau < dt) {
      node.refuse("has a time constant of " + nir_number(tau) + " s, below the timestep of " +
                  nir_number(dt) + " s; name the one it was made with by --dt");
    }
    alpha = 1 - dt / tau;
    gain *= dt / tau;
    if (node.uniform("v_leak", 0) != 0) node.refuse("leaks to another potential than 0");
  }
  if (current) {
    const double share = intended_number(dt / node.uniform("tau_syn"));
    if (share != 1) {
      node.refuse("has currents that outlast a timestep (dt/tau_syn is " + nir_number(share) +
                  "); legal: 1, at which they are those of the timestep alone");
    }
    gain *= node.uniform("w_in", 1);
  }
  if (!(alpha >= 0)) node.refuse("has a leak below 0");
  return {static_cast<float>(intended_number(alpha)), intended_number(gain)};
}

void NirImporter::take_neuron(const NirNode& node) {
  const Leak leak = leak_of(node);
  if (node.uniform("v_reset", 0) != 0) node.refuse("is reset to another potential than 0");
  scale_rows(node, leak.gain);
  take_model(node, leak.alpha, static_cast<float>(intended_number(node.uniform("v_threshold"))));
  take_shortcut(node, leak.gain);
  open_ = false;
}

void NirImporter::take_read_out(const NirNode& node) {
  const Leak leak = leak_of(node);
  LayerItem& item = items_[layer_];
  if (item.type != LayerItem::Type::fc || items_.back().type == LayerItem::Type::pool) {
    node.refuse("reads out a convolution; legal: behind Linear or Affine");
  }
  scale_rows(node, leak.gain);
  item.readout = true;
  if (out_.weights.size() == 1) out_.neuron.alpha = leak.alpha;
  if (leak.alpha != out_.neuron.alpha) item.alpha = leak.alpha;
  take_shortcut(node, leak.gain);
  open_ = false;
  read_out_ = true;
}

void NirImporter::take_shortcut(const NirNode& node, double gain) {
  LayerItem& item = items_[layer_];
  layer_of_[node.name()] = item.type == LayerItem::Type::conv
                               ? "conv" + std::to_string(convolutions_)
                               : "fc" + std::to_string(linears_);
  const auto shortcut = shortcuts_.find(node.name());
  if (shortcut == shortcuts_.end()) return;
  const auto from = layer_of_.find(shortcut->second);
  if (from == layer_of_.end() || shortcut->second == node.name()) {
    node.refuse("gets the spikes of '" + shortcut->second +
                "', which is not before it: recurrent graphs are not mapped");
  }
  if (gain != 1) {
    node.refuse("counts a spike of '" + shortcut->second + "' as " + nir_number(gain) +
                "; legal: 1, that is R dt/tau = 1 (IF: R dt = 1)");
  }
  item.adds = from->second;
  item.place = file_.path() + ": node '" + node.name() + "' (" + node.type() + ")";
}

void NirImporter::take_model(const NirNode& node, float alpha, float threshold) {
  if (!(threshold > 0)) node.refuse("has a threshold that is not above 0");
  NeuronSpec& shared = out_.neuron;
  if (out_.weights.size() == 1) {
    shared.alpha = alpha;
    shared.th_f = threshold;
    shared.th_l = threshold - 0.5F;
    shared.th_r = threshold + 0.5F;
    return;
  }
  LayerItem& item = items_[layer_];
  if (alpha != shared.alpha) item.alpha = alpha;
  if (threshold == shared.th_f) return;
  item.th_f = threshold;
  item.th_l = threshold - 0.5F;
  item.th_r = threshold + 0.5F;
}

NirImport import_nir(const std::string& path, const NirOptions& options) {
  const Hdf5File file(path, Hdf5File::Mode::read);
  return NirImporter(options, file).run();
}

}  // namespace h2
