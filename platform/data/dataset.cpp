#include "platform/data/dataset.h"

#include "modules/error.h"
#include "platform/data/digits.h"
#include "platform/data/mnist.h"
#include "platform/data/nmnist.h"
#include "platform/data/shape_text.h"

namespace h2 {
namespace {

void require_input(const std::string& kind, InputShape data, InputShape network) {
  if (data.channels == network.channels && data.height == network.height &&
      data.width == network.width) {
    return;
  }
  throw InputError("network.input is " + shape_text(network) + ", but dataset.kind '" + kind +
                   "' has samples of " + shape_text(data));
}

void require_path(const DatasetConfig& config) {
  if (config.path.empty()) {
    throw InputError("dataset.path is empty: dataset.kind '" + config.kind +
                     "' needs the folder of its files");
  }
}

}  // namespace

LoadedData load_data(const DatasetConfig& config, InputShape input, int timesteps,
                     std::uint64_t seed) {
  if (config.kind == "digits") {
    require_input(config.kind, kDigitShape, input);
    return load_digits(config.train_limit, config.test_limit, seed);
  }
  if (config.kind == "mnist") {
    require_path(config);
    return load_mnist(config.path, config.train_limit, config.test_limit, input);
  }
  if (config.kind == "nmnist") {
    require_path(config);
    require_input(config.kind, kNmnistShape, input);
    return load_nmnist(config.path, config.train_limit, config.test_limit, timesteps);
  }
  throw InputError("dataset.kind '" + config.kind +
                   "' cannot be loaded; legal: digits, mnist, nmnist");
}

}  // namespace h2
