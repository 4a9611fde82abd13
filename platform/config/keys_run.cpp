// SPDX-License-Identifier: Apache-2.0
#include "modules/network/network_json.h"
#include "platform/config/key_builders.h"

namespace h2 {
namespace {

constexpr Range kCount{0, 1099511627776.0};
constexpr Range kDensity{0, 1};
constexpr Range kMapSide{1, 4096};
constexpr Range kMicroseconds{0, 1e12};
constexpr Range kDecay{0, 1, false, true};
constexpr Range kSteps{0, 1000000000};
constexpr float kFirstLossScale = 65536;
/// Integers beyond 2^53 do not survive JSON readers that use doubles.
constexpr double kMaxExact = 9007199254740991.0;

/// A text, or a list of layers.
Key layers_key() {
  Key key =
      text("network.layers",
           "<n>C<k>[S<s>][(Encoding)], AP2, <n>FC[(Encoding)], joined by '-'; a list of layers as "
           "{type: conv, channels: 16}; \"\" for no network",
           "layers in the paper's notation, or one by one", H2_AT(network_text.notation));
  key.layer_list = true;
  key.get = [](const Config& c) { return json_of(c.network_text); };
  key.set = [](Config& c, const nlohmann::json& v) { c.network_text = network_text(v); };
  return key;
}

std::vector<Key> network_keys() {
  return {
      layers_key(),
      integer("network.input.channels", {1, 65536}, "channels of the input",
              H2_AT(network.input.channels)),
      integer("network.input.height", kMapSide, "rows of the input", H2_AT(network.input.height)),
      integer("network.input.width", kMapSide, "columns of the input", H2_AT(network.input.width)),
      integer("network.timesteps", {1, 1024}, "timesteps T of one sample",
              H2_AT(network.timesteps)),
      choice("network.pool",
             {{"after_soma", PoolMode::after_soma}, {"before_soma", PoolMode::before_soma}},
             "AP2 averages spikes, or potentials before they fire", H2_AT(pool)),
      boolean("network.static_input_once",
              "partial sums of a static image are computed once for all timesteps",
              H2_AT(static_input_once)),
  };
}

/// A number, or a factor that adapts itself and begins at the card's largest sensible one.
Key loss_scale_key() {
  Key key = number("training.loss_scale", {1, 16777216, false, false, true},
                   "factor on the loss gradient against FP16 underflow, divided out at the update; "
                   "dynamic: from 65536, halved by an overflow, doubled now and then",
                   H2_AT(training.update.loss_scale));
  key.choices = {"dynamic"};
  key.get = [fixed = key.get](const Config& c) {
    return c.training.dynamic_loss_scale ? nlohmann::json("dynamic") : fixed(c);
  };
  key.set = [fixed = key.set](Config& c, const nlohmann::json& v) {
    c.training.dynamic_loss_scale = v.is_string();
    fixed(c, v.is_string() ? nlohmann::json(kFirstLossScale) : v);
  };
  return key;
}

std::vector<Key> training_keys() {
  return {
      integer("training.sub_batch", {1, 1024}, "samples an engine processes at once",
              H2_AT(training.sub_batch)),
      integer("training.batch_group", {1, 1048576}, "sub-batches between two updates",
              H2_AT(training.batch_group)),
      integer("training.replicas", {1, 1024},
              "parts of a batch group that are summed on their own and then added in FP32",
              H2_AT(training.replicas)),
      integer("training.epochs", {1, 1000000}, "passes over the training set",
              H2_AT(training.epochs)),
      integer("training.seed", {0, kMaxExact}, "seed of weights, order and drawn masks",
              H2_AT(training.seed)),
      choice("training.loss", {{"mse", LossKind::mse}, {"cross_entropy", LossKind::cross_entropy}},
             "mean squared error of rates, or cross-entropy of spike counts", H2_AT(training.loss)),
      choice("training.update",
             {{"auto", UpdateTime::automatic},
              {"fused", UpdateTime::fused},
              {"separate", UpdateTime::separate}},
             "optimiser step: layer by layer behind the group's last gradients, or after all of "
             "them; auto: fused unless something needs the whole gradient first",
             H2_AT(training.update_time)),
      choice("training.optimizer", {{"sgd", Optimizer::sgd}, {"adam", Optimizer::adam}},
             "rule of the weight update", H2_AT(training.update.optimizer)),
      number("training.learning_rate", {0, 1000, true}, "learning rate",
             H2_AT(training.update.learning_rate)),
      number("training.weight_decay", {0, 1},
             "share of a weight added to its gradient (sgd), or of the learning rate by which it "
             "shrinks (adam: AdamW)",
             H2_AT(training.update.weight_decay)),
      number("training.momentum", kDecay, "momentum of sgd", H2_AT(training.update.momentum)),
      number("training.beta1", kDecay, "decay of adam's first moment",
             H2_AT(training.update.beta1)),
      number("training.beta2", kDecay, "decay of adam's second moment",
             H2_AT(training.update.beta2)),
      number("training.epsilon", {0, 1, true}, "adam's epsilon", H2_AT(training.update.epsilon)),
      loss_scale_key(),
      integer("training.loss_scale_growth", {1, 1000000},
              "batch groups without overflow until a dynamic loss scale doubles",
              H2_AT(training.loss_scale_growth)),
      number("training.init_gain", {0, 1000, true}, "factor on Kaiming normal weights",
             H2_AT(training.init_gain)),
      boolean("training.shuffle", "new sample order in every epoch", H2_AT(training.shuffle)),
      boolean("training.drop_last", "drop a last sub-batch that is not full",
              H2_AT(training.drop_last)),
      boolean("training.test_every_epoch", "test after every epoch, not after the last alone",
              H2_AT(training.test_every_epoch)),
      boolean("training.save_masters", "also write the FP32 master weights, weights/masters",
              H2_AT(training.save_masters)),
      choice("training.schedule.kind",
             {{"constant", ScheduleKind::constant},
              {"step", ScheduleKind::step},
              {"cosine", ScheduleKind::cosine}},
             "learning rate: the same; times a factor now and then; or down half a cosine",
             H2_AT(training.schedule.kind)),
      integer("training.schedule.warmup", kSteps,
              "optimiser steps in which the learning rate rises in a line before, 0: none",
              H2_AT(training.schedule.warmup)),
      integer("training.schedule.every", {1, kSteps.max},
              "optimiser steps between two factors of kind step", H2_AT(training.schedule.every)),
      number("training.schedule.factor", {0, 1, true}, "factor of kind step",
             H2_AT(training.schedule.factor)),
      integer("training.schedule.steps", kSteps,
              "optimiser steps of the descent of kind cosine, warm-up included, 0: the whole run",
              H2_AT(training.schedule.steps)),
      number("training.schedule.floor", {0, 1},
             "share of the learning rate that the descent of kind cosine ends at",
             H2_AT(training.schedule.floor)),
      integer("training.checkpoint.every", kCount,
              "batch groups (rounds of a federated training) from one checkpoint to the next, each "
              "on a card just started, 0: none; SIGTERM and SIGUSR1 then end a run with one more",
              H2_AT(training.checkpoint.every)),
      file_path("training.checkpoint.dir", "a folder, \"\" for checkpoints in the output folder",
                "folder of the checkpoints", H2_AT(training.checkpoint.dir)),
      integer("training.checkpoint.keep", {1, 1000000}, "newest checkpoints that are kept",
              H2_AT(training.checkpoint.keep)),
  };
}

std::vector<Key> data_keys() {
  std::vector<std::pair<std::string, std::string>> kinds;
  for (const std::string& kind : data_kinds()) kinds.emplace_back(kind, kind);
  return {
      choice("dataset.kind", kinds, "data set; digits are generated", H2_AT(dataset.kind)),
      file_path("dataset.path", "a folder, \"\" for none",
                "folder of the data, relative to the working directory", H2_AT(dataset.path)),
      choice("dataset.coding",
             {{"direct", PixelCoding::direct},
              {"rate", PixelCoding::rate},
              {"first_spike", PixelCoding::first_spike}},
             "pixels as they are, for a first layer with (Encoding), or for one without as random "
             "spikes of this rate or as one spike each, the earlier the brighter",
             H2_AT(dataset.coding)),
      integer("dataset.train_limit", kCount, "training samples used, 0: all (digits: 4000)",
              H2_AT(dataset.train_limit)),
      integer("dataset.test_limit", kCount, "test samples used, 0: all (digits: 1000)",
              H2_AT(dataset.test_limit)),
      integer("dataset.validation", kCount,
              "training samples held out: tested between epochs and at the end, never trained on",
              H2_AT(dataset.validation)),
      choice("dataset.windows", {{"time", EventWindows::time}, {"count", EventWindows::count}},
             "timesteps of a recording: spans of time from its first event, or equally many events",
             H2_AT(dataset.windows)),
      integer("dataset.window_us", kCount,
              "span of a timestep, us, 0: the recording's length divided by the timesteps",
              H2_AT(dataset.window_us)),
      choice("dataset.events", {{"spikes", EventValues::spikes}, {"counts", EventValues::counts}},
             "events become spikes, or pixels: their counts per polarity over the recording",
             H2_AT(dataset.events)),
      integer("dataset.resize", {0, 65500},
              "pixels an image's shorter side is scaled to before its middle is cropped, 0: the "
              "larger side of the input",
              H2_AT(dataset.resize)),
      integer("dataset.cache_bytes", kCount,
              "samples of a part that takes more are read from their files as they are used, B",
              H2_AT(dataset.cache_bytes)),
      numbers("profile.spike_density", kDensity, "share of ones in each layer's spikes",
              H2_AT(profile.spike_density)),
      numbers("profile.mask_density", kDensity, "share of ones in each layer's mask",
              H2_AT(profile.mask_density)),
      numbers("profile.gradient_density", kDensity, "share of non-zeros in each layer's grad-u",
              H2_AT(profile.gradient_density)),
      choice("profile.clustering", {{"independent", false}, {"sample", true}},
             "non-zeros fall anywhere, or into a fraction of the samples",
             H2_AT(profile.clustered_by_sample)),
      number("profile.sample_fraction", {0, 1, true},
             "samples that carry the non-zeros of clustering sample, share",
             H2_AT(profile.sample_fraction)),
      integer("profile.samples", kCount, "samples of one epoch, for epoch_seconds",
              H2_AT(profile.samples)),
      integer("profile.sub_batches", {0, 1000000}, "simulated sub-batches, 0: two batch groups",
              H2_AT(profile.sub_batches)),
      file_path("profile.masks", "a folder, \"\" for drawn masks", "folder of real masks",
                H2_AT(profile.masks)),
  };
}

Key patterns(Key key) {
  key.text_form = "text or a list of texts";
  return key;
}

std::vector<Key> trace_keys() {
  return {
      boolean("trace.vcd.enable", "write a waveform", H2_AT(vcd.enable)),
      choice("trace.vcd.level",
             {{"phases", TraceLevel::phases},
              {"tiles", TraceLevel::tiles},
              {"bursts", TraceLevel::bursts},
              {"banks", TraceLevel::banks}},
             "finest events in the waveform", H2_AT(vcd.level)),
      patterns(plain_key("trace.vcd.scopes", KeyType::texts, "glob patterns of traced signals",
                         H2_AT(vcd.scopes))),
      number("trace.vcd.from_us", kMicroseconds, "begin of the waveform, simulated us",
             H2_AT(vcd.from_us)),
      number("trace.vcd.to_us", kMicroseconds, "end of the waveform, simulated us, 0: never",
             H2_AT(vcd.to_us)),
      integer("trace.vcd.max_bytes", kCount, "size at which the waveform ends, B, 0: never",
              H2_AT(vcd.max_bytes)),
      boolean("trace.vcd.strings", "words as string variables instead of numbers with tables",
              H2_AT(vcd.strings)),
      boolean("trace.timeline.enable", "write a timeline", H2_AT(timeline.enable)),
      choice("trace.timeline.level", {{"phases", TraceLevel::phases}, {"tiles", TraceLevel::tiles}},
             "finest slices of the timeline", H2_AT(timeline.level)),
      integer("trace.timeline.max_bytes", kCount, "size at which the timeline ends, B, 0: never",
              H2_AT(timeline.max_bytes)),
      boolean("trace.probe.enable", "watch transactions between modules", H2_AT(probe.enable)),
      patterns(plain_key("trace.probe.sockets", KeyType::texts, "glob patterns of watched sockets",
                         H2_AT(probe.sockets))),
      boolean("trace.probe.check", "a broken rule of the TLM-2.0 base protocol ends the run",
              H2_AT(probe.check)),
      boolean("trace.probe.timeline", "show the transactions on the timeline",
              H2_AT(probe.timeline)),
  };
}

std::vector<Key> host_keys() {
  return {
      integer("host.cycles_per_sub_batch", kCount, "host work per sub-batch, core cycles",
              H2_AT(host_cycles)),
      number("host.clock_mhz", {0, 100000, true}, "clock of a simulated host processor, MHz",
             H2_AT(host_clock_mhz)),
      integer("host.watchdog_cycles", kCount,
              "core cycles without progress that end a run, 0: 100 million",
              H2_AT(watchdog_cycles)),
  };
}

}  // namespace

std::vector<Key> run_keys() {
  std::vector<Key> keys = network_keys();
  for (std::vector<Key> part : {training_keys(), data_keys(), trace_keys(), host_keys()}) {
    for (Key& key : part) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace h2
