// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "modules/h2learn/schedule.h"
#include "modules/tensor/npy.h"
#include "platform/host/snapshot.h"
#include "tests/platform/simulation.h"
#include "tests/test_folder.h"
#include "traces/results/golden/golden_writer.h"

namespace h2 {

/// Golden tensors of small training runs, in a folder that is gone after the test.
class Golden : public ::testing::Test {
 protected:
  Golden()
      : folder_(test_folder() / ::testing::UnitTest::GetInstance()->current_test_info()->name()) {}
  ~Golden() override { std::filesystem::remove_all(folder_); }

  /// `request` needs no folder.
  TrainingRun record(const Config& config, GoldenRequest request) {
    request.folder = folder_.string();
    std::unique_ptr<GoldenWriter> golden;
    TrainingRun run = train(config, {}, "", [&](Platform& platform) {
      golden = std::make_unique<GoldenWriter>(run_info(config, platform), std::move(request));
      platform.controller.command_ended.add([&](const CardCommand& c) {
        golden->descriptor_ended(c.descriptor, job_context(c), platform.host.reader());
      });
    });
    golden->close();
    return run;
  }
  TrainingRun record(const Config& config, std::set<std::uint64_t> sub_batches) {
    GoldenRequest request;
    request.sub_batches = std::move(sub_batches);
    return record(config, std::move(request));
  }
  NpyArray array(const std::string& name) const {
    return read_npy((folder_ / (name + ".npy")).string());
  }

  std::filesystem::path folder_;
};

}  // namespace h2
