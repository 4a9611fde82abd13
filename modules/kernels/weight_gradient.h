#pragma once

#include "modules/kernels/maps.h"
#include "modules/machine.h"
#include "modules/kernels/forward.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"

namespace h2 {

/// LUT PE columns and Acc trees of the Weight Update Engine: Eq. (3) for one sub-batch.
class WeightGradientKernel {
 public:
  /// `tile` is part of the order of operations.
  WeightGradientKernel(const Layer& layer, const WeightUpdateSpec& array, TileSpec tile,
                       Numerics numerics, Evaluation evaluation = Evaluation::table);

  /// grad-w of output channels co0..co0+co_count and input channels ci0..ci0+ci_count, written to
  /// `oihw` (the whole layer, [cout][cin][ky][kx]); `input` as the Forward Engine read it (batch
  /// maps if static, else batch*steps), `grad_u` with batch*steps maps of cout channels at
  /// out_h x out_w. Ranges may be computed in any order or concurrently with the same bits.
  void run(int batch, int steps, const BitMap& input, const ValueMap& grad_u, int co0, int co_count,
           int ci0, int ci_count, float* oihw) const;
};

/// sum[i] = sum[i] + add[i] in the numerics of the run: gradient accumulation over sub-batches.
void accumulate(Numerics numerics, const float* add, float* sum, std::size_t count);

}  // namespace h2
