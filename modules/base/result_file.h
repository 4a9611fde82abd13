// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace h2 {

/// A result has its name only once it is whole: until then it is written as `<path>.partial`.
std::string partial_name(const std::string& path);
/// Gives what was written as partial_name(path) its name. Throws RunError that says why it cannot.
void publish(const std::string& path);
/// Throws InputError unless the folder that the file is to lie in exists.
void require_folder_of(const std::string& path);
/// Writes a whole result file. Throws RunError that says why it cannot; nothing partial is left.
void write_result(const std::string& path, const std::string& text);
/// The same; file and name are on the disk when it returns, also if the power fails then.
void write_durable(const std::string& path, const std::string& bytes);

}  // namespace h2
