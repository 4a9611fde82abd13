// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/norm/channel_numbers.h"

#include <cstring>

#include "modules/arithmetic/fp16.h"
#include "modules/tensor/value_codec.h"

namespace h2 {

ChannelNumbers::ChannelNumbers(const JobContext& context, std::uint64_t address, std::size_t count,
                               Form form)
    : values(count),
      address_(address),
      value_bytes_(form == Form::fp32 ? 4 : context.value_bytes),
      functional_(context.functional()),
      halved_(form == Form::stored && context.value_bytes == 4) {}

Transfer ChannelNumbers::transfer() const {
  Transfer t;
  t.timing_only = !functional_;
  t.kind = TensorKind::weight;
  t.halved = halved_;
  t.address = address_;
  t.bytes = values.size() * static_cast<std::uint64_t>(value_bytes_);
  return t;
}

void ChannelNumbers::want(TransferList& list) { list.read(transfer(), this, 0); }

void ChannelNumbers::arrived(int /*unit*/, const std::uint8_t* bytes) {
  ValueCodec(value_bytes_).load(bytes, values.data(), values.size());
}

NormParameters::NormParameters(const JobContext& context, int layer)
    : ChannelNumbers(
          context,
          context.base + context.place(layer).weights +
              context.layer(layer).weight_count() * static_cast<std::uint64_t>(context.value_bytes),
          context.layer(layer).norm_count(), Form::stored),
      cout_(static_cast<std::size_t>(context.layer(layer).cout)),
      scale_(norm_scale(context.layer(layer), context.machine->numerics)) {}

Norm NormParameters::running() const {
  return {values.data() + 2 * cout_, values.data() + 3 * cout_, gamma(), beta(), scale_};
}

Norm NormParameters::of(const Moments& moments) const {
  return {moments.mean, moments.variance, gamma(), beta(), scale_};
}

void ChannelPairs::take(const std::vector<float>& pairs) {
  for (std::size_t c = 0; c < first.size(); ++c) {
    first[c] = pairs[2 * c];
    second[c] = pairs[2 * c + 1];
  }
}

void ChannelPairs::store(const JobContext& context, std::uint64_t address, Span channels,
                         TransferList& list) const {
  Transfer t;
  t.write = true;
  t.kind = TensorKind::weight;
  t.address = address + static_cast<std::uint64_t>(channels.begin) * 8;
  t.bytes = static_cast<std::uint64_t>(channels.size()) * 8;
  if (!context.functional()) {
    list.write_timing(t);
    return;
  }
  std::vector<float> pairs;
  for (int c = channels.begin; c < channels.end; ++c) {
    pairs.push_back(first[static_cast<std::size_t>(c)]);
    pairs.push_back(second[static_cast<std::size_t>(c)]);
  }
  std::memcpy(list.write(t), pairs.data(), t.bytes);
}

float norm_scale(const Layer& layer, Numerics numerics) {
  constexpr float kBranch = 0.70710678F;  // 1 / sqrt(2)
  const float th_f = layer.neuron.th_f;
  const float threshold = numerics == Numerics::fp16 ? round_fp16(th_f) : th_f;
  return layer.norm == BatchNormKind::tdbn_branch ? kBranch * threshold : threshold;
}

std::uint64_t norm_values(const JobContext& context, int layer) {
  const Layer& l = context.layer(layer);
  return static_cast<std::uint64_t>(context.batch) * static_cast<std::uint64_t>(context.steps) *
         static_cast<std::uint64_t>(l.soma_h * l.soma_w);
}

}  // namespace h2
