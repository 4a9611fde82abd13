// SPDX-License-Identifier: Apache-2.0
/* Preemptive multitasking: a timer tick takes the processor away from a task that never yields, the
 * card's interrupt wakes the task that trains on the card, and when no task is ready an idle loop
 * sleeps in wfi. A task gives up the processor by a software interrupt. */
#include "examples/firmware/scheduler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "examples/firmware/common/small_training.h"
#include "examples/firmware/common/soc.h"
#include "platform/host/riscv/h2_soc.h"

enum { TICK = 1000 /* of mtime: 100 us */, TASKS = 4, STACK = 16384 };
enum { MACHINE_MODE = 3 << 11, INTERRUPTS_AFTER_MRET = 1 << 7 };

typedef enum state { READY, SLEEPING, WAITING_FOR_CARD, ENDED } state;
typedef struct task {
  uint32_t* stack; /* where its registers lie while it does not run */
  state state;
  uint32_t wake; /* tick at which a sleeping one is ready */
} task;

void scheduler_entry(void);
uint32_t* scheduler_trap(uint32_t* stack, uint32_t cause, uint32_t pc);

/* Task 0 is main, which idles. */
static volatile task tasks[TASKS];
static volatile unsigned current, ticks, preemptions, card_interrupts;
static uint64_t next_tick;
static uint32_t stacks[TASKS][STACK / 4] __attribute__((aligned(16)));

/* ---- Scheduler, with interrupts masked ------------------------------------------------------- */

static void mask_card(void) { __asm__ volatile("csrc mie, %0" ::"r"(SOC_EXTERNAL)); }
static void unmask_card(void) { __asm__ volatile("csrs mie, %0" ::"r"(SOC_EXTERNAL)); }
static void software_interrupt(uint32_t up) {
  soc_write(H2_SOC_TIMER_BASE + H2_SOC_TIMER_MSIP, up);
}

static void tick(void) {
  ++ticks;
  next_tick += TICK;
  soc_set_timer(next_tick);
  for (unsigned n = 1; n < TASKS; ++n)
    if (tasks[n].state == SLEEPING && tasks[n].wake == ticks) tasks[n].state = READY;
}

/* The line stays up until the driver has dealt with the card: it is masked until then. */
static void card_calls(void) {
  ++card_interrupts;
  mask_card();
  for (unsigned n = 1; n < TASKS; ++n)
    if (tasks[n].state == WAITING_FOR_CARD) tasks[n].state = READY;
}

/* In turns; the idle task if no other is ready. */
static unsigned next_task(void) {
  for (unsigned n = 1; n < TASKS; ++n) {
    const unsigned candidate = 1 + (current - 1 + n) % (TASKS - 1);
    if (tasks[candidate].state == READY) return candidate;
  }
  return 0;
}

uint32_t* scheduler_trap(uint32_t* stack, uint32_t cause, uint32_t pc) {
  tasks[current].stack = stack;
  const int running = current != 0 && tasks[current].state == READY;
  switch (cause) {
    case SOC_INTERRUPT | 3U:
      software_interrupt(0);
      break;
    case SOC_INTERRUPT | 7U:
      tick();
      break;
    case SOC_INTERRUPT | 11U:
      card_calls();
      break;
    default:
      printf("task %u: mcause 0x%08lx at 0x%08lx\n", current, (unsigned long)cause,
             (unsigned long)pc);
      exit(1);
  }
  const unsigned next = next_task();
  if (running && next != current) ++preemptions;
  current = next;
  return tasks[current].stack;
}

/* ---- What tasks call ------------------------------------------------------------------------- */

/* Returns when the task is ready again and its turn has come. */
static void switch_task(state why) {
  tasks[current].state = why;
  software_interrupt(1);
  soc_interrupts_on();
}

static void sleep_ticks(uint32_t count) {
  soc_interrupts_off();
  tasks[current].wake = ticks + count;
  switch_task(SLEEPING);
}

static int wait_for_card(void* context) {
  (void)context;
  soc_interrupts_off();
  unmask_card();
  switch_task(WAITING_FOR_CARD);
  return 0;
}

static void end_task(void) {
  soc_interrupts_off();
  switch_task(ENDED);
}

static void start_task(unsigned n, void (*body)(void)) {
  uint32_t* const frame = stacks[n] + (STACK - FRAME_BYTES) / 4;
  frame[0] = (uint32_t)(uintptr_t)end_task; /* ra */
  frame[FRAME_MEPC / 4] = (uint32_t)(uintptr_t)body;
  frame[FRAME_MSTATUS / 4] = MACHINE_MODE | INTERRUPTS_AFTER_MRET;
  tasks[n].stack = frame;
  tasks[n].state = READY;
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

enum { ROUNDS = 300, WAKE_UPS = 60, PERIOD = 7 };

static volatile unsigned wrong_rounds, wake_ups, late;
static volatile int training_error;
static volatile uint64_t digest;

static uint32_t mix(uint32_t a) {
  for (uint32_t i = 0; i < 5000; ++i) a = (a ^ a << 13 ^ i) * UINT32_C(2654435761);
  return a;
}

/* Never gives up the processor; its result shows whether all of its registers come back. */
static void compute(void) {
  const uint32_t expected = mix(1);
  for (unsigned n = 0; n < ROUNDS; ++n) wrong_rounds += mix(1) != expected;
}

/* Wakes every seven ticks, whatever the others do. */
static void keep_time(void) {
  for (unsigned n = 0; n < WAKE_UPS; ++n) {
    const uint32_t due = ticks + PERIOD;
    sleep_ticks(PERIOD);
    late += ticks > due + TASKS;
    ++wake_ups;
  }
}

static void train(void) {
  static h2_bus bus;
  bus = soc_bus;
  bus.wait_irq = wait_for_card;
  uint64_t result = 0;
  training_error = h2_small_training(&bus, NULL, &result);
  digest = result;
}

/* ---- Idle ------------------------------------------------------------------------------------ */

static int all_ended(void) {
  for (unsigned n = 1; n < TASKS; ++n)
    if (tasks[n].state != ENDED) return 0;
  return 1;
}

int main(void) {
  __asm__ volatile("csrw mtvec, %0" ::"r"(scheduler_entry));
  start_task(1, compute);
  start_task(2, keep_time);
  start_task(3, train);
  next_tick = soc_time() + TICK;
  soc_set_timer(next_tick);
  soc_enable_lines(SOC_SOFTWARE | SOC_TIMER);
  soc_interrupts_on();
  unsigned idle = 0;
  while (!all_ended()) {
    soc_wait_for_interrupt();
    ++idle;
  }
  soc_interrupts_off();
  printf("compute: %u of %d rounds wrong\n", wrong_rounds, ROUNDS);
  printf("keep_time: %u of %d wake-ups, %u late\n", wake_ups, WAKE_UPS, late);
  printf("train: error %d, weights %08" PRIx32 "%08" PRIx32 "\n", training_error,
         (uint32_t)(digest >> 32), (uint32_t)digest);
  printf("%u ticks, %u preemptions, %u card interrupts, %u idle\n", ticks, preemptions,
         card_interrupts, idle);
  const int failed = wrong_rounds != 0 || wake_ups != WAKE_UPS || late != 0 ||
                     training_error != 0 || preemptions == 0 || card_interrupts == 0 || idle == 0;
  puts(failed ? "scheduler failed" : "scheduler works");
  return failed;
}
