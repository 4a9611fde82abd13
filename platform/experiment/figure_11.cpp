// SPDX-License-Identifier: Apache-2.0
// Fig. 11: how many sub-LUTs of what size cost least.

#include <algorithm>

#include "modules/base/ceil_div.h"
#include "platform/experiment/experiment.h"
#include "platform/experiment/table_designs.h"

namespace h2 {
namespace {

constexpr double kFitTolerance = 0.1;
constexpr int kInputs[] = {1, 2, 3, 4, 5, 6, 8};

struct Design {
  int sub_luts, inputs;
  double energy, area;  ///< of the design without tables, over this one's
};

std::string title(const Design& d) {
  return std::to_string(d.sub_luts) + " x " + std::to_string(1 << d.inputs);
}

/// `set` writes sub-LUTs, inputs and whether there are tables into a machine.
template <class Set, class Cost>
std::vector<Design> designs(int operands, Set set, Cost cost) {
  Machine plain;
  set(plain, operands, 1, false);
  const DesignCost base = cost(plain);
  std::vector<Design> all;
  for (const int inputs : kInputs) {
    Machine m;
    const int luts = static_cast<int>(ceil_div(operands, inputs));
    set(m, luts, inputs, true);
    const DesignCost c = cost(m);
    all.push_back({luts, inputs, base.energy_pj / c.energy_pj, base.area_mm2 / c.area_mm2});
  }
  return all;
}

std::vector<Design> forward_designs(const std::string& preset) {
  return designs(
      9,
      [](Machine& m, int luts, int inputs, bool lut) {
        m.forward.sub_luts = luts;
        m.forward.sub_lut_inputs = inputs;
        m.forward.lut = lut;
      },
      [&](const Machine& m) { return forward_design(m, preset); });
}

std::vector<Design> weight_update_designs(const std::string& preset) {
  return designs(
      8,
      [](Machine& m, int luts, int inputs, bool lut) {
        m.weight_update.sub_luts = luts;
        m.weight_update.sub_lut_inputs = inputs;
        m.weight_update.lut = lut;
      },
      [&](const Machine& m) { return weight_update_design(m, preset); });
}

const Design& of(const std::vector<Design>& all, int inputs) {
  return *std::find_if(all.begin(), all.end(), [&](const Design& d) { return d.inputs == inputs; });
}

std::string best(const std::vector<Design>& all, double Design::*saving) {
  return title(*std::max_element(all.begin(), all.end(), [&](const Design& a, const Design& b) {
    return a.*saving < b.*saving;
  }));
}

Plot plot(const char* name, const char* title_text, const std::vector<Design>& all) {
  Plot p{name,
         title_text,
         "sub-LUTs per PE x entries of each",
         "saving over plain adders",
         {},
         {{"energy", {}}, {"area", {}}},
         true};
  for (const Design& d : all) {
    p.x.push_back(title(d));
    p.series[0].values.push_back(d.energy);
    p.series[1].values.push_back(d.area);
  }
  return p;
}

/// That the paper's sub-LUTs x entries cost least in energy or in area.
Claim best_claim(const std::string& what, const std::string& chosen, const std::vector<Design>& all,
                 Evidence good) {
  const std::string energy = best(all, &Design::energy), area = best(all, &Design::area);
  return {what,
          chosen,
          "energy " + energy + ", area " + area,
          std::nullopt,
          label(energy == chosen || area == chosen, good),
          "asked: best in one of them. Larger tables need fewer adders and more bytes"};
}

void add_engine(ExperimentResult& r, const std::string& engine, const std::vector<Design>& open,
                const std::vector<Design>& fit, int inputs, double energy, double area) {
  const Design& o = of(open, inputs);
  const Design& f = of(fit, inputs);
  const bool first = inputs == 3;
  const char* note = first ? "solved from this"
                           : "predicted: the price of a table's byte is that of the Forward Engine";
  r.claims.push_back(claim_within(engine + ": energy saving", energy, "%.2f", o.energy,
                                  kCostTolerance, "public28: additions and registers of 16 bits"));
  r.claims.push_back(claim_within(engine + ": area saving", area, "%.2f", o.area, kCostTolerance,
                                  "public28: a table's bit is a flip-flop, shared by four lanes"));
  r.claims.push_back(claim(engine + ": energy saving, paper_fit", energy, "%.2f", f.energy,
                           within(f.energy / energy, kFitTolerance, Evidence::fitted), note));
  r.claims.push_back(claim(engine + ": area saving, paper_fit", area, "%.2f", f.area,
                           within(f.area / area, kFitTolerance, Evidence::fitted), note));
  r.claims.push_back(
      best_claim(engine + ": best design, public28", title(o), open, Evidence::mechanism));
  r.claims.push_back(
      best_claim(engine + ": best design, paper_fit", title(o), fit, Evidence::fitted));
}

}  // namespace

ExperimentResult figure_11(const RunAll& /*runs*/) {
  ExperimentResult r{"fig11", "Fig. 11: sub-LUTs", {}, {}, {}, {}};
  r.assumptions = {
      "Events of the convolution 256 -> 512 at 14x14, T = 10, four samples, in PEs and Acc trees "
      "with the fill of the tables; area of tables and adders.",
      "Public figures of single operations (public28), and one price of a table's byte solved from "
      "the Forward Engine (paper_fit).",
      "Asked: savings within 20 % with public28, within 10 % with paper_fit."};
  const auto forward = forward_designs("public28"), forward_fit = forward_designs("paper_fit");
  const auto update = weight_update_designs("public28"),
             update_fit = weight_update_designs("paper_fit");
  add_engine(r, "Forward Engine", forward, forward_fit, 3, 2.58, 2.35);
  add_engine(r, "Weight Update Engine", update, update_fit, 4, 3.00, 2.56);
  r.plots = {
      plot("fig11_forward", "Forward Engine, 9 operands, paper_fit", forward_fit),
      plot("fig11_weight_update", "Weight Update Engine, 8 operands, paper_fit", update_fit)};
  return r;
}

}  // namespace h2
