// SPDX-License-Identifier: Apache-2.0
#include "memory/bus/payload.h"
#include "modules/device/command_processor.h"

namespace h2 {
namespace {

bool power_of_two(std::uint32_t n) { return n != 0 && (n & (n - 1)) == 0; }

}  // namespace

void CommandProcessor::connect_registers() {
  registers.on_write(H2_REG_CONTROL, [this](auto, auto after) { return control(after); });
  registers.on_write(H2_REG_RING_TAIL,
                     [this](auto before, auto after) { return ring_doorbell(before, after); });
  registers.on_write(H2_REG_COMPLETION_TAIL, [this](auto, auto after) {
    const bool legal = after < registers.get(H2_REG_RING_SIZE);
    if (!legal) report(H2_ERR_DOORBELL, H2_REG_COMPLETION_TAIL);
    return legal;
  });
  connect_rings();
  registers.on_write(H2_REG_IRQ_MASK, [this](auto, auto after) {
    if ((after & ~(H2_IRQ_COMPLETION | H2_IRQ_ERROR)) != 0) {
      report(H2_ERR_REGISTER, H2_REG_IRQ_MASK);
      return false;
    }
    irq_change_.notify(sc_core::SC_ZERO_TIME);
    return true;
  });
  registers.on_write(H2_REG_IRQ_STATUS, [this](auto before, auto after) {
    if ((before & ~after & H2_IRQ_ERROR) != 0) drop_error();
    update_status();
    irq_change_.notify(sc_core::SC_ZERO_TIME);
    return true;
  });
  connect_windows();
  // What is written during a soft reset would be lost. Interrupts may still be acknowledged.
  registers.locked = [this](std::uint32_t offset) {
    return aborting_ && offset != H2_REG_IRQ_STATUS && offset != H2_REG_CONTROL;
  };
  registers.on_fault = [this](std::uint32_t offset) { report(H2_ERR_REGISTER, offset); };
}

void CommandProcessor::connect_rings() {
  for (const std::uint32_t reg : {H2_REG_RING_BASE_LO, H2_REG_RING_BASE_HI, H2_REG_RING_SIZE,
                                  H2_REG_COMPLETION_BASE_LO, H2_REG_COMPLETION_BASE_HI}) {
    registers.on_write(reg, [this, reg](auto, auto after) {
      const bool aligned = reg == H2_REG_RING_SIZE || reg == H2_REG_RING_BASE_HI ||
                           reg == H2_REG_COMPLETION_BASE_HI || after % H2_TENSOR_ALIGN == 0;
      const bool sized =
          reg != H2_REG_RING_SIZE || (power_of_two(after) && after >= 2 && after <= H2_RING_MAX);
      const bool legal = aligned && sized && ring_registers_open();
      if (!legal) report(H2_ERR_RING, reg);
      return legal;
    });
  }
}

/// Rings may be moved until the card is enabled, and again after a soft reset.
bool CommandProcessor::ring_registers_open() const {
  return (registers.get(H2_REG_CONTROL) & H2_CONTROL_ENABLE) == 0 && running_ == 0 &&
         registers.get(H2_REG_RING_HEAD) == 0 && registers.get(H2_REG_RING_TAIL) == 0 &&
         registers.get(H2_REG_COMPLETION_HEAD) == 0;
}

bool CommandProcessor::ring_doorbell(std::uint32_t before, std::uint32_t after) {
  const std::uint32_t size = registers.get(H2_REG_RING_SIZE);
  const bool enabled = (registers.get(H2_REG_CONTROL) & H2_CONTROL_ENABLE) != 0;
  bool legal = enabled && !aborting_ && after < size;
  if (legal) {
    const std::uint32_t head = registers.get(H2_REG_RING_HEAD);
    // The ring holds size-1 descriptors; a tail that moves back would forget some.
    legal = (after - head) % size >= (before - head) % size;
  }
  if (!legal) {
    report(H2_ERR_DOORBELL, H2_REG_RING_TAIL);
    return false;
  }
  trace_.change(tail_signal_, after);
  update_status();
  doorbell_.notify(sc_core::SC_ZERO_TIME);
  return true;
}

bool CommandProcessor::control(std::uint32_t after) {
  const bool known = (after & ~(H2_CONTROL_ENABLE | H2_CONTROL_RESET)) == 0;
  // A second reset joins the first.
  if (!known || (aborting_ && after != H2_CONTROL_RESET)) {
    report(H2_ERR_REGISTER, H2_REG_CONTROL);
    return false;
  }
  const std::uint32_t size = registers.get(H2_REG_RING_SIZE);
  if ((after & H2_CONTROL_RESET) != 0) {
    reset();
  } else if ((after & H2_CONTROL_ENABLE) != 0 && size < 2) {
    report(H2_ERR_RING, H2_REG_CONTROL);
    return false;
  }
  doorbell_.notify(sc_core::SC_ZERO_TIME);
  update_status();
  return true;
}

/// Drops queued descriptors, breaks off the jobs under way and clears. An update under way ends
/// first, so that no weight is left half-way: LAST_STEP says so. One that memory does not answer
/// for JobEngine::kGraceCycles is broken off, too.
void CommandProcessor::reset() {
  if (aborting_) return;
  aborting_ = true;
  for (const auto& queue : queues_) {
    for (const CommandPtr& command : queue->commands) {
      command->forgotten = true;
      command->aborted = !command->begun || !command->indivisible;
    }
  }
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    if (served_[i] != nullptr && served_[i]->aborted) engines_[i]->abort(H2_ERR_BUS);
  }
  doorbell_.notify(sc_core::SC_ZERO_TIME);
  space_.notify(sc_core::SC_ZERO_TIME);
  sc_core::sc_spawn([this] {
    await_idle();
    clear_registers();
    schedule_.reset();
    in_flight_.clear();
    aborting_ = false;
    update_status();
    irq_change_.notify(sc_core::SC_ZERO_TIME);
  });
}

void CommandProcessor::await_idle() {
  for (std::uint64_t seen = activity(); running_ > 0; seen = activity()) {
    sc_core::wait(JobEngine::kGraceCycles * period_, idle_);
    if (running_ == 0 || activity() != seen) continue;
    for (std::size_t i = 0; i < engines_.size(); ++i) {
      if (served_[i] == nullptr) continue;
      served_[i]->aborted = true;
      engines_[i]->abort(H2_ERR_BUS);
    }
  }
}

std::uint64_t CommandProcessor::activity() const {
  std::uint64_t sum = 0;
  for (const JobEngine* engine : engines_) {
    sum += engine->stats().busy_cycles + engine->load_port.stats().bursts +
           engine->store_port.stats().bursts;
  }
  return sum;
}

void CommandProcessor::clear_registers() {
  registers.reset_writable();
  for (const std::uint32_t reg : {H2_REG_RING_HEAD, H2_REG_COMPLETION_HEAD, H2_REG_ERROR,
                                  H2_REG_ERROR_TAG, H2_REG_ERROR_LOST}) {
    registers.set(reg, 0);
  }
  errors_.clear();
  guard_.close_all();
  guard_.inject(AccessGuard::Fault::none, 0, 0);
}

void CommandProcessor::complete(CardCommand& command) {
  if (command.forgotten) return;
  h2_completion c{};
  c.tag = command.descriptor.tag;
  c.status = command.error;
  c.layer = command.error_layer;
  c.timestep = command.error_timestep;
  c.start_cycle = command.start_cycle;
  c.end_cycle = cycle();
  in_flight_.erase(c.tag);
  if (log_.shows(TraceLevel::phases)) {
    log_.print("tag " + std::to_string(c.tag) + ": ended with status " + std::to_string(c.status));
  }
  completion_lock_.lock();
  const std::uint32_t lost = write_completion(c);
  completion_lock_.unlock();
  if (lost != H2_OK) report(lost, c.tag);
  if (command.error != H2_OK && command.error != lost) report(command.error, c.tag);
}

/// Returns why the completion could not be written.
std::uint32_t CommandProcessor::write_completion(const h2_completion& completion) {
  const std::uint32_t size = registers.get(H2_REG_RING_SIZE);
  const std::uint32_t head = registers.get(H2_REG_COMPLETION_HEAD);
  const std::uint32_t next = (head + 1) % size;
  if (next == registers.get(H2_REG_COMPLETION_TAIL)) return H2_ERR_COMPLETION;
  const std::uint64_t at =
      registers.get64(H2_REG_COMPLETION_BASE_LO) + std::uint64_t{head} * sizeof completion;
  h2_completion copy = completion;
  if (!access(tlm::TLM_WRITE_COMMAND, at, &copy, sizeof copy)) return H2_ERR_RING;
  registers.set(H2_REG_COMPLETION_HEAD, next);
  raise(H2_IRQ_COMPLETION);
  return H2_OK;
}

void CommandProcessor::raise(std::uint32_t irq_bits) {
  registers.set(H2_REG_IRQ_STATUS, registers.get(H2_REG_IRQ_STATUS) | irq_bits);
  irq_change_.notify(sc_core::SC_ZERO_TIME);
}

void CommandProcessor::update_status() {
  std::uint32_t status = 0;
  if ((registers.get(H2_REG_CONTROL) & H2_CONTROL_ENABLE) != 0) status |= H2_STATUS_ENABLED;
  const bool pending = registers.get(H2_REG_RING_HEAD) != registers.get(H2_REG_RING_TAIL);
  if (running_ > 0 || pending) status |= H2_STATUS_BUSY;
  if (!errors_.empty()) status |= H2_STATUS_ERROR;
  status |= schedule_.status();
  registers.set(H2_REG_STATUS, status);
}

void CommandProcessor::update_irq() {
  const bool level = (registers.get(H2_REG_IRQ_STATUS) & registers.get(H2_REG_IRQ_MASK)) != 0;
  if (level && !irq.read()) ++interrupts_;
  if (level != irq.read() && log_.shows(TraceLevel::phases)) {
    log_.print(level ? "interrupt raised" : "interrupt lowered");
  }
  irq.write(level);
  trace_.change(irq_signal_, level ? 1 : 0);
}

bool CommandProcessor::read(std::uint64_t address, void* data, std::size_t bytes) {
  return access(tlm::TLM_READ_COMMAND, address, data, bytes);
}

std::vector<ByteRange> CommandProcessor::rings() const {
  const std::uint64_t entries = registers.get(H2_REG_RING_SIZE);
  return {{registers.get64(H2_REG_RING_BASE_LO), entries * sizeof(h2_descriptor)},
          {registers.get64(H2_REG_COMPLETION_BASE_LO), entries * sizeof(h2_completion)}};
}

bool CommandProcessor::access(tlm::tlm_command command, std::uint64_t address, void* data,
                              std::size_t bytes) {
  TransferInfo info;
  info.port = first_port_ + kCommandPort;
  info.charged_bytes = static_cast<std::uint32_t>(bytes);
  tlm::tlm_generic_payload payload;
  set_access(payload, command, address, data, bytes);
  payload.set_extension(&info);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  bus->b_transport(payload, delay);
  payload.clear_extension(&info);
  return payload.is_response_ok();
}

std::uint64_t CommandProcessor::cycle() const {
  return static_cast<std::uint64_t>(sc_core::sc_time_stamp() / period_);
}

}  // namespace h2
