// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>

namespace h2 {

/// Prints "h2vp: TEXT" to standard error; control characters of names and values are escaped.
void print_message(const std::string& text);
/// What an exception says, also one that ended the simulation.
std::string error_message(const std::exception& error);

/// Descriptors 0 to 2 that the caller closed lead nowhere from now on: no file that the program
/// opens takes their place. Writing to them fails. A file beyond the system's limit of sizes fails
/// as on a full disk instead of ending the process.
void secure_standard_streams();
/// An exception that nothing can catch, as for lack of memory in a destructor, ends the program
/// with a message and code 1, too.
void report_uncaught();
/// `code`, or 1 with a message if what was printed did not arrive.
int checked_output(int code);

}  // namespace h2
