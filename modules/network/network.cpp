// SPDX-License-Identifier: Apache-2.0
#include "modules/network/network.h"

#include <algorithm>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr int kMaxChannels = 65536;
constexpr int kMaxKernel = 31;
constexpr std::int64_t kMaxFlatInputs = 1 << 26;
constexpr int kPixelPlanes = 8;
constexpr const char* kItems = "<n>C<k>[S<s>][(Encoding)], AP2, <n>FC, joined by '-'";

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

/// The numbers of one item as written.
struct Item {
  enum Kind { unknown, conv, pool, fc } kind = unknown;
  std::string size, kernel, stride;
  bool encoding = false;
};

Item scan(const std::string& text) {
  Item item;
  Scanner in(text);
  if (in.skip("AP2") && in.done()) return {Item::pool, "", "", "", false};
  item.size = in.digits();
  if (item.size.empty()) return {};
  if (in.skip("FC")) {
    item.kind = Item::fc;
  } else if (in.skip("C")) {
    item.kind = Item::conv;
    item.kernel = in.digits();
    item.stride = in.skip("S") ? in.digits() : "1";
    item.encoding = in.skip("(Encoding)");
    if (item.kernel.empty() || item.stride.empty()) return {};
  }
  return in.done() ? item : Item{};
}

/// Takes the items of the notation one by one and carries the shape handed from layer to layer.
class Builder {
 public:
  Builder(InputShape input, PoolMode pool)
      : pool_(pool), channels_(input.channels), height_(input.height), width_(input.width) {}

  void add(const std::string& text, std::size_t position) {
    text_ = text;
    position_ = position;
    ++index_;
    const Item item = scan(text);
    switch (item.kind) {
      case Item::conv:
        add_conv(item);
        break;
      case Item::pool:
        add_pool();
        break;
      case Item::fc:
        add_fc(item);
        break;
      case Item::unknown:
        fail(text.empty() ? "is empty" : "is not a layer", kItems);
    }
    after_conv_ = item.kind == Item::conv;
  }

  std::vector<Layer> take() { return std::move(layers_); }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& legal) const {
    throw InputError("network.layers: item " + std::to_string(index_) + " '" + text_ +
                     "' at character " + std::to_string(position_ + 1) + " " + what +
                     "; legal: " + legal);
  }

  int number(const std::string& digits, const char* name, int max) const {
    const std::string legal = std::string(name) + " in 1.." + std::to_string(max);
    if (digits.size() > 1 && digits[0] == '0') fail("has a number with a leading zero", legal);
    const int value = std::stoi(digits);
    if (value < 1 || value > max) fail("has " + std::string(name) + " " + digits, legal);
    return value;
  }

  void add_conv(const Item& item) {
    if (fcs_ > 0) fail("is a convolution after an FC layer", "only FC layers after the first FC");
    Layer l;
    l.name = "conv" + std::to_string(++convs_);
    l.kind = LayerKind::conv;
    l.encoding = item.encoding;
    if (l.encoding && index_ > 1) fail("has (Encoding)", "(Encoding) on the first layer only");
    l.cout = number(item.size, "channels", kMaxChannels);
    l.kernel = number(item.kernel, "kernel size", kMaxKernel);
    if (l.kernel % 2 == 0) fail("has an even kernel size", "odd kernel sizes");
    l.stride = number(item.stride, "stride", 2);
    l.cin = channels_;
    l.planes = l.encoding ? kPixelPlanes : planes_;
    l.in_h = height_;
    l.in_w = width_;
    push(l);
  }

  void add_pool() {
    if (!after_conv_) fail("does not follow a convolution", "AP2 directly after a convolution");
    Layer& l = layers_.back();
    l.pool = pool_;
    derive_shapes(l);
    if (l.next_h == 0 || l.next_w == 0) {
      fail("pools a map of " + std::to_string(l.out_h) + "x" + std::to_string(l.out_w) +
               " to nothing",
           "maps of 2x2 and larger");
    }
    hand_on(l);
  }

  void add_fc(const Item& item) {
    const std::int64_t inputs = std::int64_t{channels_} * height_ * width_;
    if (inputs > kMaxFlatInputs) {
      fail("would have " + std::to_string(inputs) + " inputs",
           "at most " + std::to_string(kMaxFlatInputs));
    }
    Layer l;
    l.name = "fc" + std::to_string(++fcs_);
    l.kind = LayerKind::fc;
    l.cin = static_cast<int>(inputs);
    l.cout = number(item.size, "neurons", kMaxChannels);
    l.planes = planes_;
    push(l);
  }

  void push(Layer layer) {
    derive_shapes(layer);
    layers_.push_back(layer);
    hand_on(layer);
  }

  void hand_on(const Layer& layer) {
    channels_ = layer.cout;
    height_ = layer.next_h;
    width_ = layer.next_w;
    planes_ = layer.next_planes;
  }

  PoolMode pool_;
  int channels_, height_, width_;
  int planes_ = 1;
  int convs_ = 0, fcs_ = 0;
  bool after_conv_ = false;
  std::string text_;
  std::size_t position_ = 0;
  int index_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace

Network parse_network(const std::string& layers, InputShape input, int timesteps, PoolMode pool) {
  if (pool == PoolMode::none) {
    throw InputError("network.pool: none; legal: after_soma, before_soma");
  }
  if (input.channels < 1 || input.height < 1 || input.width < 1 || timesteps < 1) {
    throw InputError("network.input, network.timesteps: a size is below 1; legal: 1 and more");
  }
  Builder builder(input, pool);
  for (std::size_t begin = 0; begin <= layers.size();) {
    const std::size_t end = std::min(layers.find('-', begin), layers.size());
    builder.add(layers.substr(begin, end - begin), begin);
    begin = end + 1;
  }
  return {input, timesteps, builder.take()};
}

}  // namespace h2
