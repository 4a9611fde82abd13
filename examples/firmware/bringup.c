// SPDX-License-Identifier: Apache-2.0
/* Bring-up of a card: every register, interrupts, DMA into every memory, and errors, illegal and
 * injected. Prints one line per check; the exit code is the number of failures. */
#include <stdio.h>
#include <string.h>

#include "examples/firmware/common/soc.h"
#include "examples/firmware/common/tiny_network.h"
#include "platform/host/riscv/h2_soc.h"

static unsigned failures;

static void check(const char* what, int ok) {
  printf("%-6s %s\n", ok ? "ok" : "FAILED", what);
  if (!ok) ++failures;
}

static uint32_t card_read(uint32_t reg) { return soc_read(H2_REGS_BASE + reg); }
static void card_write(uint32_t reg, uint32_t value) { soc_write(H2_REGS_BASE + reg, value); }

/* ---- Traps: faults are counted and skipped, interrupts are counted and quietened ------------- */

static volatile unsigned external_interrupts, timer_interrupts, faults;
static volatile uint32_t fault_cause, fault_address;

static uint32_t on_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  if (cause == (SOC_INTERRUPT | 11U)) {
    ++external_interrupts;
    card_write(H2_REG_IRQ_STATUS, H2_IRQ_COMPLETION | H2_IRQ_ERROR);
    return pc;
  }
  if (cause == (SOC_INTERRUPT | 7U)) {
    ++timer_interrupts;
    soc_set_timer(~UINT64_C(0));
    return pc;
  }
  ++faults;
  fault_cause = cause;
  fault_address = value;
  return soc_next_instruction(pc);
}

static int faulted(uint32_t cause, uint32_t address) {
  const int one = faults == 1 && fault_cause == cause && fault_address == address;
  faults = 0;
  return one;
}

/* ---- Registers ------------------------------------------------------------------------------- */

typedef struct reg {
  const char* name;
  uint32_t offset, access, reset;
} reg;

#define REG(name, offset, access, reset, text) {#name, offset, access, reset},
static const reg registers[] = {H2_REGISTERS(REG)};

static void reset_card(void) {
  card_write(H2_REG_CONTROL, H2_CONTROL_RESET);
  while (card_read(H2_REG_CONTROL) & H2_CONTROL_RESET) soc_time();
}

static void walk_registers(void) {
  const unsigned count = sizeof registers / sizeof registers[0];
  int named = 1, kept = 1, refused = 1;
  for (unsigned i = 0; i < count; ++i) {
    const uint32_t value = card_read(registers[i].offset);
    if (registers[i].reset != 0) named &= value == registers[i].reset;
    if (registers[i].access == H2_RW) kept &= value == 0; /* after the reset */
    if (registers[i].access != H2_RO) continue;
    card_write(registers[i].offset, ~value);
    refused &= faulted(SOC_STORE_FAULT, H2_REGS_BASE + registers[i].offset);
    refused &= card_read(H2_REG_ERROR) == H2_ERR_REGISTER;
    refused &= card_read(H2_REG_ERROR_TAG) == registers[i].offset;
    card_write(H2_REG_IRQ_STATUS, H2_IRQ_ERROR);
  }
  printf("%u registers\n", count);
  check("registers hold their reset values", named && kept && faults == 0);
  check("read-only registers refuse writes", refused);
  int same = 1;
  for (uint32_t bit = 0; bit < 20; ++bit) {
    card_write(H2_REG_WINDOW_BASE(7), UINT32_C(1) << bit);
    card_write(H2_REG_WINDOW_LIMIT(7), ~(UINT32_C(1) << bit) & 0xFFFFFU);
    same &= card_read(H2_REG_WINDOW_BASE(7)) == UINT32_C(1) << bit;
    same &= card_read(H2_REG_WINDOW_LIMIT(7)) == (~(UINT32_C(1) << bit) & 0xFFFFFU);
  }
  check("a walking one comes back", same);
}

static void illegal_accesses(void) {
  const uint32_t hole = H2_REGS_BASE + H2_REGS_SIZE - 4;
  soc_read(hole);
  check("a register that does not exist faults", faulted(SOC_LOAD_FAULT, hole));
  (void)*(const volatile uint8_t*)(uintptr_t)H2_REGS_BASE;
  check("a byte of a register faults", faulted(SOC_LOAD_FAULT, H2_REGS_BASE));
  soc_write(0x40000000, 1);
  check("an address without device faults", faulted(SOC_STORE_FAULT, 0x40000000));
  reset_card();
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

static void raise_error(void) {
  card_write(H2_REG_ID, 0);
  faults = 0;
}

static void interrupts(void) {
  enum { ROUNDS = 100 };
  external_interrupts = timer_interrupts = 0;
  soc_enable_lines(SOC_EXTERNAL | SOC_TIMER);
  card_write(H2_REG_IRQ_MASK, H2_IRQ_ERROR);
  soc_interrupts_on();
  for (unsigned i = 0; i < ROUNDS; ++i) raise_error();
  check("each error interrupts once", external_interrupts == ROUNDS);
  int on_time = 1;
  for (unsigned i = 1; i <= ROUNDS; ++i) {
    const uint64_t due = soc_time() + 5;
    soc_set_timer(due);
    soc_interrupts_off(); /* or it could come between the look and the sleep */
    while (timer_interrupts != i) {
      soc_wait_for_interrupt();
      soc_interrupts_on();
      soc_interrupts_off();
    }
    soc_interrupts_on();
    on_time &= soc_time() >= due;
  }
  check("each timer setting interrupts once, not early", on_time && timer_interrupts == ROUNDS);
  soc_interrupts_off();
  raise_error();
  soc_wait_for_interrupt();
  check("wfi wakes with interrupts masked", (soc_pending() & SOC_EXTERNAL) != 0);
  check("and takes none", external_interrupts == ROUNDS);
  card_write(H2_REG_IRQ_STATUS, H2_IRQ_ERROR);
  check("the line falls when its reason is cleared", (soc_pending() & SOC_EXTERNAL) == 0);
}

/* ---- DMA ------------------------------------------------------------------------------------- */

static int block_survives(uint64_t card, uint32_t bytes) {
  static uint8_t sent[20000], received[20000];
  for (uint32_t i = 0; i < bytes; ++i) sent[i] = (uint8_t)(i * 31U + bytes);
  memset(received, 0, bytes);
  if (soc_dma(H2_SOC_DMA_WRITE, card, sent, bytes)) return 0;
  return soc_dma(H2_SOC_DMA_READ, card, received, bytes) == 0 && memcmp(sent, received, bytes) == 0;
}

static void dma(void) {
  static const uint32_t sizes[] = {1, 3, 64, 4096, 4097, 20000};
  int same = 1;
  const unsigned memories = H2_CAP_MEMORIES(card_read(H2_REG_CAPABILITIES));
  for (unsigned n = 0; n < memories; ++n)
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; ++i)
      same &= block_survives(H2_MEM_BASE(n) + 64 * i, sizes[i]);
  check("blocks come back from every memory", same);
  uint32_t word = 0;
  check("DMA to no memory fails", soc_dma(H2_SOC_DMA_READ, H2_MEM_BASE(7), &word, 4) != 0);
  const uint8_t* end = (const uint8_t*)(uintptr_t)(H2_SOC_RAM_BASE + H2_SOC_RAM_SIZE);
  check("DMA over the end of RAM fails", soc_dma(H2_SOC_DMA_READ, H2_MEM_BASE(0), end - 4, 8) != 0);
}

/* ---- Errors of jobs -------------------------------------------------------------------------- */

static int open_network(h2_device* device) {
  h2_table table = tiny_table(1);
  static uint64_t scratch[64];
  static const float weights[TINY_OUTPUTS * TINY_INPUTS] = {
      [TINY_INPUTS] = 1.0F}; /* output 1 follows input 0 */
  int error = h2_open(device, &soc_bus, scratch, sizeof scratch);
  table.alpha = h2_decay(device, table.alpha);
  if (!error) error = h2_load_network(device, &table, &tiny_layer, 1);
  return error ? error : h2_write_weights(device, 0, weights);
}

static int infer(h2_device* device, uint32_t* predicted) {
  static const uint8_t spikes[TINY_STEPS * TINY_INPUTS] = {[0] = 1, [TINY_INPUTS] = 1};
  const uint8_t* const samples[1] = {spikes};
  const h2_sub_batch batch = {.samples = samples, .count = 1};
  return h2_infer(device, &batch, predicted);
}

static void errors(void) {
  static h2_device device;
  uint32_t class = 9;
  check("the driver opens the card and loads a network", open_network(&device) == H2_OK);
  check("a forward pass runs", infer(&device, &class) == H2_OK && class == 1);
  h2_descriptor bad;
  memset(&bad, 0, sizeof bad);
  bad.opcode = 77;
  check("an unknown opcode is refused",
        h2_submit(&device, &bad) == H2_OK && h2_wait(&device, bad.tag) == H2_ERR_OPCODE);
  card_write(H2_REG_INJECT, H2_PUT(INJECT, KIND, 1) | H2_PUT(INJECT, ENGINE, 0));
  check("an injected bus error ends the job", infer(&device, &class) == H2_ERR_BUS);
  check("the injection is spent", card_read(H2_REG_INJECT) == 0);
  class = 9;
  check("the card recovers",
        h2_recover(&device) == H2_OK && infer(&device, &class) == H2_OK && class == 1);
}

int main(void) {
  soc_set_trap_handler(on_trap);
  reset_card();
  walk_registers();
  illegal_accesses();
  interrupts();
  dma();
  errors();
  printf("%u failures\n", failures);
  return (int)failures;
}
