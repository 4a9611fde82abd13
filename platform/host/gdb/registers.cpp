// SPDX-License-Identifier: Apache-2.0
#include "platform/host/gdb/registers.h"

#include <iterator>

namespace h2::registers {
namespace {

constexpr std::uint32_t kPc = 32, kFirstCsr = 65, kCsrEnd = kFirstCsr + 4096;
constexpr std::uint32_t kMode = kCsrEnd;  ///< the privilege mode, which GDB calls priv
/// What DWARF adds to the number of a control and status register.
constexpr std::uint32_t kDwarfCsr = 4096;

/// LLDB's number of pc, to which DWARF itself gives none; its unwinder looks for it.
constexpr std::uint32_t kDwarfPc = 11451;

struct General {
  const char* name;     ///< of the calling convention
  const char* generic;  ///< role that debuggers know without the architecture
};
constexpr General kGeneral[] = {
    {"zero", ""},   {"ra", "ra"},   {"sp", "sp"},   {"gp", ""},     {"tp", ""},     {"t0", ""},
    {"t1", ""},     {"t2", ""},     {"fp", "fp"},   {"s1", ""},     {"a0", "arg1"}, {"a1", "arg2"},
    {"a2", "arg3"}, {"a3", "arg4"}, {"a4", "arg5"}, {"a5", "arg6"}, {"a6", "arg7"}, {"a7", "arg8"},
    {"s2", ""},     {"s3", ""},     {"s4", ""},     {"s5", ""},     {"s6", ""},     {"s7", ""},
    {"s8", ""},     {"s9", ""},     {"s10", ""},    {"s11", ""},    {"t3", ""},     {"t4", ""},
    {"t5", ""},     {"t6", ""}};
static_assert(std::size(kGeneral) == kPc);

struct CsrName {
  const char* name;
  std::uint32_t number;
};
constexpr CsrName kCsrs[] = {{"mstatus", kCsrMstatus},
                             {"misa", kCsrMisa},
                             {"mie", kCsrMie},
                             {"mtvec", kCsrMtvec},
                             {"mcounteren", kCsrMcounteren},
                             {"menvcfg", kCsrMenvcfg},
                             {"mstatush", kCsrMstatush},
                             {"menvcfgh", kCsrMenvcfgh},
                             {"mcountinhibit", kCsrMcountinhibit},
                             {"mscratch", kCsrMscratch},
                             {"mepc", kCsrMepc},
                             {"mcause", kCsrMcause},
                             {"mtval", kCsrMtval},
                             {"mip", kCsrMip},
                             {"mcycle", kCsrMcycle},
                             {"minstret", kCsrMinstret},
                             {"mcycleh", kCsrMcycle + kCsrHigh},
                             {"minstreth", kCsrMinstret + kCsrHigh},
                             {"cycle", kCsrCycle},
                             {"time", kCsrTime},
                             {"instret", kCsrInstret},
                             {"cycleh", kCsrCycle + kCsrHigh},
                             {"timeh", kCsrTime + kCsrHigh},
                             {"instreth", kCsrInstret + kCsrHigh},
                             {"mvendorid", kCsrMvendorid},
                             {"marchid", kCsrMvendorid + 1},
                             {"mimpid", kCsrMvendorid + 2},
                             {"mhartid", kCsrMvendorid + 3},
                             {"mconfigptr", kCsrMconfigptr}};

std::string attribute(const char* name, const std::string& value) {
  return value.empty() ? "" : std::string(" ") + name + "=\"" + value + "\"";
}

/// GDB uses name, width, number and type; LLDB the rest, too.
std::string element(const std::string& name, std::uint32_t number, std::uint32_t dwarf,
                    const std::string& more) {
  return "<reg" + attribute("name", name) + " bitsize=\"32\"" +
         attribute("regnum", std::to_string(number)) +
         attribute("dwarf_regnum", std::to_string(dwarf)) +
         attribute("ehframe_regnum", std::to_string(dwarf)) + more + "/>\n";
}

}  // namespace

std::string description() {
  std::string xml =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
      "<target version=\"1.0\">\n<architecture>riscv:rv32</architecture>\n"
      "<feature name=\"org.gnu.gdb.riscv.cpu\">\n";
  for (std::uint32_t n = 0; n < kPc; ++n) {
    const std::string generic = kGeneral[n].generic;
    const bool pointer = generic == "sp" || generic == "fp" || generic == "ra";
    const char* const type = generic == "ra" ? "code_ptr" : pointer ? "data_ptr" : "int";
    xml += element(kGeneral[n].name, n, n,
                   attribute("altname", "x" + std::to_string(n)) + attribute("type", type) +
                       attribute("group", "general") + attribute("generic", generic));
  }
  xml += element("pc", kPc, kDwarfPc,
                 attribute("type", "code_ptr") + attribute("group", "general") +
                     attribute("generic", "pc")) +
         "</feature>\n<feature name=\"org.gnu.gdb.riscv.csr\">\n";
  for (const CsrName& c : kCsrs)
    xml += element(c.name, kFirstCsr + c.number, kDwarfCsr + c.number,
                   attribute("type", "int") + attribute("group", "csr"));
  return xml + "</feature>\n<feature name=\"org.gnu.gdb.riscv.virtual\">\n" +
         element("priv", kMode, kDwarfCsr + kMode, attribute("group", "general")) +
         "</feature>\n</target>\n";
}

std::optional<std::uint32_t> get(const RiscvCore& core, std::uint32_t number) {
  if (number < kPc) return core.reg(number);
  if (number == kPc) return core.pc();
  if (number == kMode) return static_cast<std::uint32_t>(core.privilege());
  return number < kFirstCsr || number >= kCsrEnd ? std::nullopt : core.csr(number - kFirstCsr);
}

bool set(RiscvCore& core, std::uint32_t number, std::uint32_t value) {
  if (number == kMode && (value == 0 || value == 3)) {
    core.set_privilege(value == 0 ? Privilege::user : Privilege::machine);
    return true;
  }
  if (number >= kFirstCsr && number < kCsrEnd) return core.set_csr(number - kFirstCsr, value);
  if (number > kPc) return false;
  if (number == kPc) {
    core.set_pc(value);
  } else {
    core.set_reg(number, value);
  }
  return true;
}

}  // namespace h2::registers
