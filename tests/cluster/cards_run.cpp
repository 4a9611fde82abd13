// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/cards_run.h"

#include "platform/host/snapshot.h"
#include "traces/results/summary.h"

namespace h2 {

Sets with(const Sets& sets) {
  Sets all{{"training.batch_group", "8"}, {"dataset.train_limit", "40"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return all;
}

Sets on(int cards, int parts, const Sets& more) {
  Sets sets = with(
      {{"cluster.cards", std::to_string(cards)}, {"training.replicas", std::to_string(parts)}});
  sets.insert(sets.end(), more.begin(), more.end());
  return sets;
}

CardsRun train_cards(const Config& config, int stop_after) {
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  Platform::Options options;
  options.nodes = nodes_of(config, {});
  Bench bench(config, options);
  CardsRun run;
  CardTrainings trainings(config, data, start_of_training(start_weights(config)), bench.platform,
                          run.record);
  if (stop_after >= 0) trainings.set_stop([&stop_after] { return stop_after-- <= 0; });
  const HostCpu::Program first = bench.platform.host.program;
  bench.run(first);
  run.weights.push_back(run.record.weights);
  for (const RunRecord& r : trainings.other_records()) run.weights.push_back(r.weights);
  run.cycles = run.record.trained().cycle;
  run.summary = make_summary(run_info(config, bench.platform), run.record, {});
  return run;
}

CardsRun train_cards(const Sets& sets) { return train_cards(tiny_config(sets)); }

}  // namespace h2
