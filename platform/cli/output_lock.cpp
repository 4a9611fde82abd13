// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/output_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <utility>

#include "modules/base/error.h"

namespace h2 {

void lock_output(const std::filesystem::path& folder) {
  static std::set<std::pair<dev_t, ino_t>> locked;
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || fstat(descriptor, &status) != 0) return;  // writing will name the reason
  const std::pair<dev_t, ino_t> place{status.st_dev, status.st_ino};
  const bool again = locked.count(place) != 0;
  if (!again && flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
    locked.insert(place);
    return;  // the descriptor holds the lock
  }
  const bool taken = !again && errno == EWOULDBLOCK;
  close(descriptor);
  if (!taken) return;
  throw InputError("--out " + folder.string() +
                   ": another run writes to this folder; legal: a folder of its own for each run");
}

}  // namespace h2
