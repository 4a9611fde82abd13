// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "platform/experiment/experiment.h"

namespace h2 {

nlohmann::ordered_json result_json(const ExperimentResult& result);
/// Its inverse, but for what plots are drawn from.
ExperimentResult result_of(const nlohmann::ordered_json& json);
/// Heading, assumptions, claims table, tables; plots as links to `<name>.svg` beside it.
std::string result_markdown(const ExperimentResult& result);
/// All results on one page of Markdown, begun by a count of claims by label.
std::string results_markdown(const std::vector<ExperimentResult>& results);
/// The same as a page; `folder` holds the plots, which are drawn into it.
std::string results_page(const std::vector<ExperimentResult>& results,
                         const std::filesystem::path& folder);

/// Program for gnuplot that draws the plot into `svg`. The same plot gives the same bytes.
std::string plot_program(const Plot& plot, const std::string& svg);
/// Draws the plots with gnuplot into `folder`. False, without a file, where gnuplot is missing;
/// throws RunError where it fails.
bool draw(const std::vector<Plot>& plots, const std::filesystem::path& folder);

}  // namespace h2
