// SPDX-License-Identifier: Apache-2.0
#include "traces/results/sha256.h"

#include <openssl/evp.h>

#include <cstdint>
#include <cstdio>

#include "modules/base/error.h"

namespace h2 {

std::string sha256_hex(std::string_view bytes) {
  std::uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
    throw RunError("SHA-256 is not available in this OpenSSL");
  }
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", digest[i]);
    text += hex;
  }
  return text;
}

}  // namespace h2
