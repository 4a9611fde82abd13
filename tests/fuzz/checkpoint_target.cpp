// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "platform/checkpoint/checkpoint.h"
#include "platform/config/load.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/targets.h"
#include "traces/results/sha256.h"

namespace h2 {
namespace {

using Json = nlohmann::json;

/// A header that fits the contents, so that they are looked at.
std::string with_header(const std::string& inside) {
  std::string bytes = "h2vp checkpoint\n";
  const auto put = [&](std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
  };
  put(2, 4);
  put(inside.size(), 8);
  return bytes + sha256_hex(inside) + inside;
}

/// Null if it is none.
Json document_in(const std::string& inside) {
  try {
    return Json::from_cbor(inside);
  } catch (const Json::exception&) {
    return {};
  }
}

/// Of the run that a document says that it is of.
RunIdentity identity_in(const Json& document) {
  RunIdentity identity;
  if (!document.is_object()) return identity;
  const auto text = [&](const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : "";
  };
  identity.program = text("program");
  identity.data = text("data");
  if (document.contains("config")) identity.config = document["config"];
  return identity;
}

}  // namespace

/// The first byte is odd: contents of a checkpoint, in CBOR, behind it; even: the file itself.
void fuzz_checkpoint(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  static const Config config =
      load_config(Folder::of_process().write("k.yaml",
                                             "network: {layers: 2FC, timesteps: 1, "
                                             "input: {channels: 1, height: 1, width: 2}}"),
                  {});
  const std::string inside(data + 1, data + size);
  const bool bare = data[0] % 2 == 0;
  const std::string file =
      Folder::of_process().write("c.h2ck", bare ? inside : with_header(inside));
  const RunState state = read_checkpoint(file, identity_in(bare ? Json() : document_in(inside)));
  require_fits(state, config, file);
  fuzz_check(state.training.layers.size() == 1, "a state of another network");
  // What is accepted is written as it is.
  const std::vector<std::uint8_t> written = Json::to_cbor(to_document(state));
  fuzz_check(Json::to_cbor(to_document(from_document(Json::from_cbor(written)))) == written,
             "a state that changes when it is written");
}

}  // namespace h2
