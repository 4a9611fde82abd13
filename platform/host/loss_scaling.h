// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/host/card_session.h"
#include "platform/host/training_config.h"
#include "traces/results/run_record.h"

namespace h2 {

/// training.loss_scale: dynamic. A batch group whose gradients overflow is left without its update
/// and halves the factor; after `loss_scale_growth` groups in a row without one it doubles.
class LossScaling {
 public:
  LossScaling(const TrainingConfig& config, RunRecord& record);

  bool dynamic() const { return config_.dynamic_loss_scale; }
  /// Sets the factor that the training had come to; with a card just opened.
  void begin(CardSession& card);
  /// Whether a group that ended with `error`, or whose summed gradients overflowed (`summed`), is
  /// skipped. False: the error ends the run.
  bool may_skip(int error, const CardSession& card, bool summed = false) const;
  /// After such a group: the card is ready for the next one.
  void skip(CardSession& card);
  /// After a group that was trained.
  void succeeded(CardSession& card);

 private:
  void set(float scale, CardSession& card);

  const TrainingConfig& config_;
  RunRecord& record_;
};

}  // namespace h2
