// SPDX-License-Identifier: Apache-2.0
#include "modules/network/network.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "modules/arithmetic/slopes.h"
#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr std::int64_t kMaxFlatInputs = 1 << 26;
constexpr int kPixelPlanes = 8;
constexpr const char* kItems = "<n>C<k>[S<s>][(Encoding)], AP2, <n>FC[(Encoding)], joined by '-'";

/// Reads an item from left to right.
class Scanner {
 public:
  explicit Scanner(const std::string& text) : text_(text) {}

  /// At most nine digits, what an int holds; "" if there are none.
  std::string digits() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && at_ - begin < 9) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  bool skip(const std::string& word) {
    if (text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }
  bool done() const { return at_ == text_.size(); }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

/// The numbers of one item of the notation as written.
struct ItemText {
  enum Kind { unknown, conv, pool, fc } kind = unknown;
  std::string size, kernel, stride;
  bool encoding = false;
};

ItemText scan(const std::string& text) {
  ItemText item;
  Scanner in(text);
  if (in.skip("AP2") && in.done()) return {ItemText::pool, "", "", "", false};
  item.size = in.digits();
  if (item.size.empty()) return {};
  if (in.skip("FC")) {
    item.kind = ItemText::fc;
    item.encoding = in.skip("(Encoding)");
  } else if (in.skip("C")) {
    item.kind = ItemText::conv;
    item.kernel = in.digits();
    item.stride = in.skip("S") ? in.digits() : "1";
    item.encoding = in.skip("(Encoding)");
    if (item.kernel.empty() || item.stride.empty()) return {};
  }
  return in.done() ? item : ItemText{};
}

/// Takes the items one by one and carries the shape handed from layer to layer.
class Builder {
 public:
  Builder(InputShape input, PoolMode pool, const NeuronSpec& neuron)
      : pool_(pool),
        neuron_(neuron),
        channels_(input.channels),
        height_(input.height),
        width_(input.width) {}

  /// An item of the notation that begins at `position`.
  void add(const std::string& text, std::size_t position) {
    what_ = "'" + text + "' at character " + std::to_string(position + 1);
    ++index_;
    const ItemText written = scan(text);
    if (written.kind == ItemText::unknown)
      fail(text.empty() ? "is empty" : "is not a layer", kItems);
    LayerItem item;
    item.encoding = written.encoding;
    if (written.kind == ItemText::pool) {
      item.type = LayerItem::Type::pool;
    } else if (written.kind == ItemText::fc) {
      item.type = LayerItem::Type::fc;
      item.size = number(written.size, "neurons", kMostLayerChannels);
    } else {
      item.size = number(written.size, "channels", kMostLayerChannels);
      item.kernel = number(written.kernel, "kernel size", kLargestLayerKernel);
      item.stride = number(written.stride, "stride", 2);
    }
    add_item(item);
  }

  /// An item of a list.
  void add(const LayerItem& item) {
    static const char* const types[] = {"conv", "fc", "pool"};
    what_ = types[static_cast<int>(item.type)];
    place_ = item.place;
    ++index_;
    add_item(item);
  }

  std::vector<Layer> take() {
    if (layers_.empty()) fail("is no layer with weights", "a convolution or an FC layer");
    add_shortcuts();
    return std::move(layers_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem, const std::string& legal) const {
    throw InputError((place_.empty() ? "" : place_ + ": ") + "network.layers: item " +
                     std::to_string(index_) + " " + what_ + " " + problem + "; legal: " + legal);
  }

  int number(const std::string& digits, const char* name, int max) const {
    const std::string legal = std::string(name) + " in 1.." + std::to_string(max);
    if (digits.size() > 1 && digits[0] == '0') fail("has a number with a leading zero", legal);
    const int value = std::stoi(digits);
    if (value < 1 || value > max) fail("has " + std::string(name) + " " + digits, legal);
    return value;
  }

  void add_item(const LayerItem& item) {
    switch (item.type) {
      case LayerItem::Type::conv:
        add_conv(item);
        break;
      case LayerItem::Type::pool:
        add_pool(item);
        break;
      case LayerItem::Type::fc:
        add_fc(item);
        break;
    }
    after_conv_ = item.type == LayerItem::Type::conv;
  }

  void add_conv(const LayerItem& item) {
    if (fcs_ > 0) fail("is a convolution after an FC layer", "only FC layers after the first FC");
    Layer l;
    l.name = "conv" + std::to_string(++convs_);
    l.kind = LayerKind::conv;
    set_encoding(item, l);
    l.cout = item.size;
    l.kernel = item.kernel;
    if (l.kernel % 2 == 0) fail("has an even kernel size", "odd kernel sizes");
    l.stride = item.stride;
    l.valid = item.valid;
    l.bias = item.bias;
    l.cin = channels_ + (l.bias ? 1 : 0);
    l.in_h = height_;
    l.in_w = width_;
    if (l.valid && (l.kernel > l.in_h || l.kernel > l.in_w)) {
      fail("has a kernel of " + std::to_string(l.kernel) + " without padding on a map of " +
               std::to_string(l.in_h) + "x" + std::to_string(l.in_w),
           "kernels that fit the map");
    }
    push(l, item);
  }

  void set_encoding(const LayerItem& item, Layer& l) const {
    if (item.encoding && index_ > 1) fail("has (Encoding)", "(Encoding) on the first layer only");
    l.encoding = item.encoding;
    l.planes = l.encoding ? kPixelPlanes : planes_;
  }

  void add_pool(const LayerItem& item) {
    if (!after_conv_) fail("does not follow a convolution", "AP2 directly after a convolution");
    Layer& l = layers_.back();
    if (item.max_pool && pool_ != PoolMode::after_soma) {
      fail("takes the largest of four spikes", "network.pool: after_soma for kind max");
    }
    if (l.normalised() && pool_ == PoolMode::before_soma) {
      fail("pools potentials behind batch norm", "network.pool: after_soma with batch_norm");
    }
    l.pool = pool_;
    l.max_pool = item.max_pool;
    derive_shapes(l);
    if (l.next_h == 0 || l.next_w == 0) {
      fail("pools a map of " + std::to_string(l.out_h) + "x" + std::to_string(l.out_w) +
               " to nothing",
           "maps of 2x2 and larger");
    }
    hand_on(l);
  }

  void add_fc(const LayerItem& item) {
    const std::int64_t inputs = std::int64_t{channels_} * height_ * width_;
    if (inputs > kMaxFlatInputs) {
      fail("would have " + std::to_string(inputs) + " inputs",
           "at most " + std::to_string(kMaxFlatInputs));
    }
    Layer l;
    l.name = "fc" + std::to_string(++fcs_);
    l.kind = LayerKind::fc;
    l.bias = item.bias;
    l.readout = item.readout;
    l.cin = static_cast<int>(inputs) + (l.bias ? 1 : 0);
    l.cout = item.size;
    set_encoding(item, l);
    push(l, item);
  }

  /// The layer's neuron: its own values, and the network's where it has none.
  NeuronSpec neuron_of(const LayerItem& item) const {
    NeuronSpec n;
    n.alpha = item.alpha.value_or(neuron_.alpha);
    n.th_f = item.th_f.value_or(neuron_.th_f);
    n.th_l = item.th_l.value_or(neuron_.th_l);
    n.th_r = item.th_r.value_or(neuron_.th_r);
    n.beta = item.beta.value_or(neuron_.beta);
    n.reset = item.reset.value_or(neuron_.reset);
    n.surrogate = item.surrogate.value_or(neuron_.surrogate);
    const bool own = item.th_l || item.th_r;  // the network's own pair has a message of its own
    if (own && !(n.th_l < n.th_r)) {
      std::ostringstream pair;
      pair << "has th_l " << n.th_l << " and th_r " << n.th_r;
      fail(pair.str(), "th_l < th_r");
    }
    const float width = n.th_r - n.th_l;
    if (n.surrogate != Surrogate::rectangle && !item.readout &&
        !(width >= Slopes::kLeastWidth && width <= Slopes::kMostWidth)) {
      fail("has a surrogate from a table and th_r - th_l of " + std::to_string(width),
           "th_r - th_l in 0.015625..1024");
    }
    return n;
  }

  /// Batch norm takes the place of a bias, and comes directly before neurons that fire.
  void set_norm(const LayerItem& item, Layer& layer) const {
    layer.norm = item.norm;
    if (!layer.normalised()) return;
    if (layer.bias) fail("has a bias and batch norm", "one of them: batch norm takes a bias away");
    if (layer.readout) fail("has a read-out and batch norm", "batch norm before neurons that fire");
  }

  void push(Layer layer, const LayerItem& item) {
    if (!layers_.empty() && layers_.back().readout) fail("follows a read-out", "a read-out last");
    layer.neuron = neuron_of(item);
    set_norm(item, layer);
    if (layer.readout) layer.neuron = readout_neuron(layer.neuron.alpha);
    derive_shapes(layer);
    layers_.push_back(layer);
    item_of_.push_back(index_);
    if (!item.adds.empty() && !item.adds_potentials.empty()) {
      fail("adds spikes and potentials", "one of adds and adds_potentials");
    }
    if (!item.adds.empty() || !item.adds_potentials.empty())
      shortcuts_.emplace_back(static_cast<int>(layers_.size()) - 1, item);
    hand_on(layer);
  }

  /// Behind the pooling, if there is one: shapes are those of the neurons.
  void add_shortcuts() {
    for (const auto& [index, item] : shortcuts_) {
      const bool potentials = item.adds.empty();
      const std::string& name = potentials ? item.adds_potentials : item.adds;
      const auto from = std::find_if(layers_.begin(), layers_.end(),
                                     [&](const Layer& l) { return l.name == name; });
      place_ = item.place;
      index_ = item_of_[static_cast<std::size_t>(index)];
      what_ = layers_[static_cast<std::size_t>(index)].name;
      const std::string problem =
          add_shortcut(layers_, index, static_cast<int>(from - layers_.begin()), potentials);
      if (!problem.empty()) {
        fail((potentials ? "adds potentials of " : "adds ") + name + ", which " + problem,
             "a layer below of the same channels, height and width without pooling of its spikes");
      }
    }
  }

  void hand_on(const Layer& layer) {
    channels_ = layer.cout;
    height_ = layer.next_h;
    width_ = layer.next_w;
    planes_ = layer.next_planes;
  }

  PoolMode pool_;
  NeuronSpec neuron_;
  int channels_, height_, width_;
  int planes_ = 1;
  int convs_ = 0, fcs_ = 0;
  bool after_conv_ = false;
  std::string what_, place_;
  int index_ = 0;
  std::vector<Layer> layers_;
  std::vector<int> item_of_;  // by layer: number of its item
  std::vector<std::pair<int, LayerItem>>
      shortcuts_;  // layers that add another's spikes or potentials
};

void require_sizes(InputShape input, int timesteps, PoolMode pool) {
  if (pool == PoolMode::none) {
    throw InputError("network.pool: none; legal: after_soma, before_soma");
  }
  if (input.channels < 1 || input.height < 1 || input.width < 1 || timesteps < 1) {
    throw InputError("network.input, network.timesteps: a size is below 1; legal: 1 and more");
  }
}

}  // namespace

Network parse_network(const std::string& layers, InputShape input, int timesteps, PoolMode pool) {
  return build_network({layers, {}}, input, timesteps, pool, NeuronSpec{});
}

Network build_network(const NetworkText& text, InputShape input, int timesteps, PoolMode pool,
                      const NeuronSpec& neuron) {
  require_sizes(input, timesteps, pool);
  Builder builder(input, pool, neuron);
  for (const LayerItem& item : text.items) builder.add(item);
  if (!text.items.empty()) return {input, timesteps, builder.take()};
  const std::string& layers = text.notation;
  for (std::size_t begin = 0; begin <= layers.size();) {
    const std::size_t end = std::min(layers.find('-', begin), layers.size());
    builder.add(layers.substr(begin, end - begin), begin);
    begin = end + 1;
  }
  return {input, timesteps, builder.take()};
}

}  // namespace h2
