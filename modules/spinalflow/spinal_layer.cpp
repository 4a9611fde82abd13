// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spinal_layer.h"

#include <algorithm>

#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

/// Side of the union of the windows of one output position.
int field_side(int kernel, int stride, int pool) { return kernel + stride * (pool - 1); }

std::string limits(const char* what, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return "";
  return std::string(what) + " is " + std::to_string(value) + ": legal are " +
         std::to_string(least) + " to " + std::to_string(most);
}

constexpr int kMostSide = 4096, kMostChannels = 1 << 20;

std::string shape_refusal(const SpinalLayer& l, const SpinalUnit& unit) {
  const struct {
    const char* what;
    std::int64_t value, least, most;
  } ranges[] = {
      {"ticks", l.input.ticks, 1, 256},
      {"channels", l.input.channels, 1, kMostChannels},
      {"height", l.input.height, 1, kMostSide},
      {"width", l.input.width, 1, kMostSide},
      {"output channels", l.cout, 1, std::int64_t{unit.lanes} * unit.output_tiles},
      {"kernel height", l.kernel_h, 1, kMostSide},
      {"kernel width", l.kernel_w, 1, kMostSide},
      {"stride", l.stride, 1, 2},
      {"pad", l.pad, 0, std::min(l.kernel_h, l.kernel_w) - 1},
      {"pool", l.pool, 1, 2},
  };
  for (const auto& r : ranges) {
    std::string text = limits(r.what, r.value, r.least, r.most);
    if (!text.empty()) return text;
  }
  return "";
}

}  // namespace

int SpinalLayer::lanes(const SpinalUnit& unit, int tile) const {
  return std::min(unit.lanes, cout - tile * unit.lanes);
}

std::vector<RowRange> SpinalLayer::parts(const SpinalUnit& unit) const {
  // A range of whole offsets wherever it might touch more lists than can be merged.
  int most = unit.filter_rows();
  const int by_offset = most / input.channels;
  if (pool == 1 && by_offset + 2 > unit.most_spines()) {
    most = std::min(by_offset, unit.most_spines()) * input.channels;
  }
  std::vector<RowRange> parts;
  for (int first = 0; first < rows(); first += most) {
    parts.push_back({first, std::min(most, rows() - first)});
  }
  return parts;
}

std::vector<FieldSpine> SpinalLayer::field(int position, const RowRange& part) const {
  const int out_w = conv_w() / pool;
  const int top = position / out_w * pool * stride - pad;
  const int left = position % out_w * pool * stride - pad;
  const int rows_of_field = field_side(kernel_h, stride, pool);
  const int cols_of_field = field_side(kernel_w, stride, pool);
  std::vector<FieldSpine> field;
  for (int fy = std::max(0, -top); fy < rows_of_field && top + fy < input.height; ++fy) {
    for (int fx = std::max(0, -left); fx < cols_of_field && left + fx < input.width; ++fx) {
      FieldSpine spine{(top + fy) * input.width + left + fx, {}};
      for (int window = 0; window < pool * pool; ++window) {
        const int ky = fy - window / pool * stride, kx = fx - window % pool * stride;
        if (ky < 0 || ky >= kernel_h || kx < 0 || kx >= kernel_w) continue;
        const int offset = ky * kernel_w + kx, row = offset * input.channels;
        if (row + input.channels <= part.first || row >= part.first + part.count) continue;
        spine.offsets.push_back(offset);
      }
      if (!spine.offsets.empty()) field.push_back(std::move(spine));
    }
  }
  return field;
}

std::string refusal(const SpinalLayer& l, const SpinalUnit& unit) {
  std::string text = shape_refusal(l, unit);
  if (!text.empty()) return text;
  if (l.input.height + 2 * l.pad < l.kernel_h || l.input.width + 2 * l.pad < l.kernel_w) {
    return "the kernel is larger than the padded map";
  }
  if (l.conv_h() < l.pool || l.conv_w() < l.pool) return "pooling leaves nothing of the map";
  const int spines =
      field_side(l.kernel_h, l.stride, l.pool) * field_side(l.kernel_w, l.stride, l.pool);
  if (l.pool == 2 && spines > unit.most_spines()) {
    return limits("lists of a pooled neuron's field", spines, 1, unit.most_spines());
  }
  // int8 weights, each at most once per tick and window.
  const std::int64_t reads = std::int64_t{l.rows()} * l.pool * l.pool * l.input.ticks;
  if (reads > (std::int64_t{1} << 31) / 128 - 1) {
    return "potentials of " + std::to_string(reads) + " weights may leave 32 bits: legal are " +
           std::to_string((std::int64_t{1} << 31) / 128 - 1);
  }
  return "";
}

std::uint64_t row_reads(const SpinalLayer& layer, const SpinalUnit& unit,
                        const std::vector<std::uint64_t>& counts) {
  std::uint64_t reads = 0;
  const RowRange all{0, layer.rows()};
  for (int position = 0; position < layer.output().positions(); ++position) {
    for (const FieldSpine& spine : layer.field(position, all)) {
      reads += counts[spine.position] * spine.offsets.size();
    }
  }
  return reads * layer.tiles(unit);
}

}  // namespace h2
