// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string_view>

namespace h2 {

/// The files the page is made of, by name, as compiled into the program: page.html, report.css,
/// the scripts, and chart.js, the chart library.
const std::map<std::string_view, std::string_view>& page_parts();

}  // namespace h2
